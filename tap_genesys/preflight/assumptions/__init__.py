"""`--check=assumptions`: what is assumed about the vendor's API, held against one org.

Requests (`plan`, `sender`) are apart from judgements (`conversations`, `spans`, `evaluations`,
`others`), which are pure functions of responses. The list of assumptions, `registry`, is that of
docs/design.md.
"""
