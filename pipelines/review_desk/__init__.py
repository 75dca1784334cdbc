"""The review desk: draws read by people in a local page, decisions appended to reviews/, signed by who made them."""
