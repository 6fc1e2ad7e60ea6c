"""Many trainings: jobs, processes, and the experiment of a numbered script."""
