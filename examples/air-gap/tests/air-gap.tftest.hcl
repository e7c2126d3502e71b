run "the_digest_is_the_one_that_was_carried" {
  assert {
    condition     = endswith(imagesync.app.id, imagesync.app.source_digest) && imagesync.app.complete
    error_message = "${imagesync.app.id} is not what the stick has brought."
  }
}
