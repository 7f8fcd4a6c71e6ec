"""The judgement of a backup server: itself, its datastores, its jobs, and the backups that no cluster's job promises."""
