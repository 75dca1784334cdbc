"""English names of persons by evidence alone: a title, a role, a label, a signature, an initial or a given name.

The given names were written down for this file as the commonest of English; no list was copied.
"""

# ruff: noqa: E501
from __future__ import annotations

from stages.pii.recognizer import Row

UP, LOW = "A-Z\\u00c0-\\u00d6\\u00d8-\\u00de", "a-z\\u00df-\\u00f6\\u00f8-\\u00ff"
GIVEN = (
    "Aaron|Abigail|Adam|Adrian|Agnes|Alan|Albert|Alex|Alexander|Alexandra|Alfred|Alice|Alison|Allen|Amanda|Amber|Amelia|Amy"
    "|Andrea|Andrew|Angela|Anita|Ann|Anna|Anne|Annie|Anthony|Antonio|Arnold|Arthur|Ashley|Audrey|Barbara|Barry|Beatrice|Ben"
    "|Benjamin|Bernard|Bertha|Beth|Betty|Beverly|Bill|Billy|Bob|Bobby|Bonnie|Brandon|Brenda|Brian|Bruce|Bryan|Calvin|Carl"
    "|Carla|Carlos|Carmen|Carol|Caroline|Carolyn|Catherine|Charles|Charlotte|Cheryl|Chris|Christian|Christina|Christine"
    "|Christopher|Cindy|Claire|Clara|Clarence|Claude|Connie|Craig|Crystal|Curtis|Cynthia|Dan|Daniel|Danielle|Danny|David|Dawn"
    "|Dean|Deborah|Debra|Denise|Dennis|Diana|Diane|Don|Donald|Donna|Doris|Dorothy|Douglas|Duane|Earl|Eddie|Edith|Edna|Edward"
    "|Edwin|Eileen|Elaine|Eleanor|Elizabeth|Ella|Ellen|Elsie|Emily|Emma|Eric|Erica|Erin|Ernest|Esther|Ethan|Ethel|Eugene|Eva"
    "|Evelyn|Florence|Frances|Francis|Frank|Fred|Frederick|Gail|Gary|Geoffrey|George|Gerald|Gladys|Glen|Glenn|Gloria|Gordon"
    "|Grace|Greg|Gregory|Hannah|Harold|Harriet|Harry|Hazel|Heather|Heidi|Helen|Henry|Herbert|Howard|Hugh|Ian|Ida|Irene|Isaac"
    "|Isabella|Ivan|Jack|Jackie|Jacob|Jacqueline|James|Jamie|Jane|Janet|Janice|Jason|Jay|Jean|Jeff|Jeffrey|Jennifer|Jeremy"
    "|Jerome|Jerry|Jesse|Jessica|Jill|Jim|Jimmy|Joan|Joanne|Joe|Joel|John|Johnny|Jon|Jonathan|Jordan|Jose|Joseph|Joshua|Joyce"
    "|Juan|Juanita|Judith|Judy|Julia|Julian|Julie|Justin|Karen|Karl|Kate|Katherine|Kathleen|Kathryn|Kathy|Katie|Keith|Kelly"
    "|Ken|Kenneth|Kevin|Kim|Kimberly|Kyle|Larry|Laura|Lauren|Laurie|Lawrence|Leah|Lee|Leo|Leon|Leonard|Leroy|Leslie|Lester"
    "|Lewis|Lillian|Linda|Lisa|Lloyd|Lois|Lori|Louis|Louise|Lucas|Lucille|Lucy|Luis|Luke|Lynn|Mabel|Madison|Manuel|Marc|Marcus"
    "|Margaret|Maria|Marian|Marie|Marilyn|Mario|Marion|Marjorie|Mark|Martha|Martin|Marvin|Mary|Mason|Matthew|Maurice|Megan"
    "|Melanie|Melissa|Melvin|Michael|Michele|Michelle|Mike|Mildred|Miriam|Monica|Nancy|Natalie|Nathan|Neil|Nicholas|Nicole|Noah"
    "|Noel|Nora|Norma|Norman|Oliver|Olivia|Oscar|Pamela|Patricia|Patrick|Paul|Paula|Pauline|Pedro|Peggy|Peter|Philip|Phillip"
    "|Phyllis|Rachel|Ralph|Ramon|Randy|Raymond|Rebecca|Regina|Richard|Rick|Ricky|Rita|Robert|Roberta|Robin|Rodney|Roger|Ron"
    "|Ronald|Ronnie|Rosa|Rose|Rosemary|Roy|Ruby|Russell|Ruth|Ryan|Sally|Sam|Samantha|Samuel|Sandra|Sara|Sarah|Scott|Sean|Seth"
    "|Shane|Shannon|Sharon|Shawn|Sheila|Shirley|Simon|Sophia|Sophie|Stacy|Stanley|Stella|Stephanie|Stephen|Steve|Steven|Stuart"
    "|Sue|Susan|Suzanne|Sylvia|Tamara|Tammy|Ted|Teresa|Terry|Thelma|Theodore|Theresa|Thomas|Tiffany|Tim|Timothy|Tina|Todd|Tom"
    "|Tommy|Tony|Tracy|Travis|Tyler|Valerie|Vanessa|Vera|Vernon|Veronica|Victor|Victoria|Vincent|Viola|Virginia|Vivian|Walter"
    "|Wanda|Warren|Wayne|Wendy|Wesley|William|Willie|Wilma|Yvonne|Zachary"
)
#: Capitalised words that end no name: places, firms, days and months.
NOT_LAST = (
    "Street|Road|Avenue|Lane|Drive|Court|Square|Park|County|City|Beach|River|Lake|Island|Islands|Bridge|Church|School"
    "|College|University|Hospital|Institute|Foundation|Center|Centre|Company|Corporation|Inc|Ltd|LLC|Bank|Group|Award|Prize"
    "|Act|House|Hall|Airport|Station|Day|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March"
    "|April|June|July|August|September|October|November|December|States|Kingdom|Republic|The|And|Of|In|On|At|For|With|But|He"
    "|She|It|They|We|You|This|That|Has|Is|Was|Will"
)
#: Given names that are as often another word, a place or a surname: not taken alone.
WORDS_TOO = (
    "Amber|Ashley|Austin|Crystal|Charlotte|Christian|Dawn|Dean|Don|Earl|Eva|Florence|Francis|Frank|Gail|Glen|Grace|Hazel|Howard"
    "|Jack|Jay|Jordan|Kelly|Ken|Kim|Lee|Leo|Leon|Lewis|Lincoln|Lloyd|Louis|Madison|Marion|Mark|Martin|Mason|Norman|Oscar|Paris"
    "|Randy|Regina|Robin|Rose|Ruby|Russell|Sally|Scott|Stella|Sue|Tracy|Tyler|Vera|Victor|Victoria|Viola|Virginia|Warren|Wayne"
    "|Wesley|Will|Bill|Bob|Carol|Al|Jean|Joy|Lynn|Norma|Tim|Tom|Ted|Travis|Violet|Vivian"
)
WORD = f"(?!(?:{NOT_LAST})(?![{LOW}]))[{UP}](?:['’][{UP}])?[{LOW}]{{1,20}}(?:[{UP}][{LOW}]{{1,16}})?(?:-[{UP}][{LOW}]{{1,20}})?"
PARTICLE = "(?:van der|van den|van|von|de la|de|del|della|di|da|dos|bin|ben|al) "
LAST = f"(?:{PARTICLE})?{WORD}"
INITIAL = f"[{UP}]\\. ?"
PAIR = f"{WORD} (?:{INITIAL}){{0,2}}{LAST}(?: {LAST})?"
NAME = f"(?:{INITIAL}){{0,2}}{WORD}(?: (?:{INITIAL}){{0,2}}{LAST}){{0,2}}"
L, R = f"(?<![{UP}{LOW}0-9_@.'’-])(?<![{UP}{LOW}]\\.)", f"(?![{UP}{LOW}0-9_@])"
TITLES = "Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Professor|Sir|Madam|Dame|Rev|Reverend|Father|Sister|Capt|Captain|Col|Colonel|Sgt|Sergeant|Lt|Lieutenant|Sen|Senator|Gov|Governor|Judge|Justice|Hon|Officer|Detective|Inspector|Nurse|Doctor|Uncle|Aunt"
ROLES = "president|director|manager|engineer|actor|actress|singer|senator|governor|secretary|minister|chairman|chairwoman|founder|author|poet|novelist|teacher|coach|lawyer|attorney|clerk|editor|colleague|friend|brother|sister|mother|father|wife|husband|son|daughter|aunt|uncle|cousin|neighbour|neighbor|patient|customer|client|tenant|CEO|CTO|CFO"
#: Offices that stand behind a title and are no name.
OFFICE = "Speaker|President|Vice|Chairman|Chairwoman|Chairperson|Chair|Secretary|Chancellor|Minister|Justice|General|Chief|Attorney|Prime|Majority|Minority|Members|Congress"
ADDRESSED = "All|Team|Colleague|Colleagues|Customer|Friend|Friends|Reader|Readers|Sirs|Editor|Members"
SIGNED = "Regards|Best regards|Kind regards|Warm regards|Sincerely|Yours sincerely|Yours faithfully|Yours truly|Best wishes|Best|Cheers|Thanks|Thank you|Signed|Respectfully"
LABELS = "Name|NAME|Full name|Full Name|First name|Last name|Patient|PATIENT|Customer|Client|Contact|Contact person|Attn|ATTN|Attention|Sender|Recipient|From|To|Cc|Author|Signed|Employee|Applicant|Tenant|Cardholder|Account holder|Ship to|Bill to|Emergency contact"
SAID = "said|says|told|asked|wrote|replied|added|explained|lives|was born|works|resides"

ROWS = [
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:{TITLES})\.? )(?!(?:{OFFICE})(?![{LOW}])){NAME}{R}", 0.6, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:{LABELS}): ?){NAME}{R}", 0.6, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:[Mm]y name is|[Nn]ame is|[Tt]his is|I am|I'm|I’m|Dear|Hi|Hello|Hey|[Cc]alled|named|[Ss]igned by|[Ss]poke (?:to|with)|[Cc]ontact|[Cc]are of|c/o) ){PAIR}{R}", 0.5, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:my name is|My name is|name is|Dear) )(?!(?:{TITLES}|{ADDRESSED})(?![{LOW}])){WORD}(?=[,.!;\n]|$| and )", 0.5, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:{SIGNED}),? {{0,2}}\n{{1,2}} ?){NAME}(?= ?(?:\n|$|,))", 0.6, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:{ROLES}),? ){PAIR}{R}", 0.5, "person", case=True),
    Row("PERSON", rf"{L}{PAIR}(?=,? (?:(?:the|our|a|an|their|its|who|has) )?(?:[{LOW}]{{2,16}} )?(?:{ROLES}|Esq|PhD|Ph\.D|MD|M\.D|Jr|Sr)(?![{LOW}])| (?:{SAID})(?![{LOW}])|['’]s (?:{ROLES}|phone|email|address|account|house|birthday))", 0.5, "person", case=True),
    Row("PERSON", rf"{L}(?:{WORD} {INITIAL}(?:{INITIAL})?|(?:{INITIAL}){{1,2}} ?){WORD}{R}", 0.5, "person", case=True),
    Row("PERSON", rf"(?<=(?<![{UP}{LOW}])(?:(?:written|directed|produced|sung|painted|composed|founded|presented) by|starring|[Cc]all me|calls me|with|and|by) ){PAIR}{R}(?= ?[.,;?!)\n]|$| and )", 0.3, "person", context=("directed", "starring", "founder", "novel", "song", "film", "movie", "friend", "met"), case=True),
    Row("PERSON", rf"{L}{WORD}(?= lives (?:on|in|at|with) | was born )", 0.5, "person", case=True),
    Row("PERSON", rf"{L}(?<![{UP}{LOW}]{{2}} )(?<!St\. )(?!(?:{WORDS_TOO})(?![{LOW}]))(?:{GIVEN})(?!['’]?[{LOW}]{{2}}| [{UP}]|-){R}", 0.4, "person", case=True),
    Row("PERSON", rf"{L}(?:{GIVEN}) (?:{INITIAL}){{0,2}}{LAST}(?: {LAST})?{R}", 0.5, "person", case=True),
]  # fmt: skip
