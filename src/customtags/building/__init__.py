"""What `customtags.build` is made of: each file one question of wrapping another build back end."""
