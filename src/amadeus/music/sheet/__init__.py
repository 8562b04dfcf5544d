"""Sheet music: a score as staves, measures and note values, and files of these."""
