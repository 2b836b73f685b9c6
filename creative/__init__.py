"""Third floor: models, create, edit, upload, assets, jobs, activity (reading) and feedback."""
