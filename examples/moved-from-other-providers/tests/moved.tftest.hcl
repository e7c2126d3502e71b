run "moved_blocks_do_nothing_where_there_is_nothing_to_move" {
  assert {
    condition     = length(output.images) == 3
    error_message = "An image is missing: ${jsonencode(output.images)}."
  }
}

run "what_was_kept_is_kept" {
  command = plan

  assert {
    condition     = imagesync.redis.deletion_policy == "retain" && imagesync.busybox.deletion_policy == "retain"
    error_message = "A destroy would remove what the other provider has kept."
  }
}
