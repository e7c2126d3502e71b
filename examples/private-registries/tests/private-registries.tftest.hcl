run "the_image_is_copied_with_both_logins" {
  assert {
    condition     = imagesync.app.destination_digest == imagesync.app.source_digest
    error_message = "The destination does not hold what the source does."
  }
}
