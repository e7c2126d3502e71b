run "the_three_highest_versions_are_mirrored" {
  assert {
    condition     = keys(output.images) == tolist(["1.2.2", "1.3.0", "1.3.1"])
    error_message = "Other tags than expected: ${join(", ", keys(output.images))}."
  }

  assert {
    condition     = output.newest == output.images["1.3.1"]
    error_message = "The newest is not the highest version."
  }

  assert {
    condition     = output.next_major == tolist(["2.0.0-rc.1"])
    error_message = "The next major version is not found."
  }
}
