"""Golden messages: recorded runs of the tap, with which later versions are compared line by line.

- `worlds` defines the simulated org and the settings of each run.
- `runs` executes a run and returns its messages as text.
- `files` stores them, one compressed file per run.
- `renames` lists the intended changes since the recording.
- `comparison` applies these and finds the first difference.
- `record` is the command that records the runs anew.
- `states/` holds states that an earlier version wrote; `states` reads them.
"""
