"""The workspace: the folder with gestand.yaml, its settings, recipients and destinations, and the clock."""
