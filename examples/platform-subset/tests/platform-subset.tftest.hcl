run "the_platforms_that_were_asked_for_are_copied" {
  assert {
    condition     = output.copied.app == tolist(["linux/amd64"]) && output.copied.both == tolist(["linux/amd64", "linux/arm64"])
    error_message = "Other platforms than expected: ${jsonencode(output.copied)}."
  }

  assert {
    condition     = imagesync.both.platform_digests["linux/arm64"] == data.imagesync_image.app.platforms["linux/arm64"]
    error_message = "The image of a platform is not that of the source."
  }

  assert {
    condition     = imagesync.both.destination_digest != data.imagesync_image.app.digest
    error_message = "An index of two platforms cannot have the digest of the whole one."
  }
}
