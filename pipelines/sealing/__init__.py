"""What happens to a release after it was built: sealed, countersigned, named as the newest, compared, pulled."""

from pipelines.sealing.ci import ci_job
from pipelines.sealing.parents import parents
from pipelines.sealing.seals import previous, records, refuse_changed

__all__ = ["ci_job", "parents", "previous", "records", "refuse_changed"]
