"""A sweep or a study as a list of jobs, each in a process of its own; what is done stays done."""
