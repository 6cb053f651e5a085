"""`--check=assumptions`: tests of the assumptions about the vendor's API against one org.

`plan` and `sender` make the requests; `conversations`, `spans`, `evaluations` and `others` judge
the responses, as pure functions. `registry` lists the assumptions, also for docs/design.md.
"""
