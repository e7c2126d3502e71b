run "nothing_is_kept_but_what_is_asked_for" {
  command = plan

  assert {
    condition     = imagesync.app.keep_previous == 1 && imagesync.archived.deletion_policy == "retain"
    error_message = "The editions before, or the archive, would not be kept."
  }
}

run "both_are_whole" {
  assert {
    condition     = imagesync.app.complete && imagesync.neighbour.complete
    error_message = "Something is missing below a tag."
  }
}
