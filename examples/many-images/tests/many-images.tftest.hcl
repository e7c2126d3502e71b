run "the_plan_knows_every_image" {
  command = plan

  assert {
    condition     = length(output.images) == length(local.images)
    error_message = "An image of the list is missing."
  }

  assert {
    condition     = alltrue([for image in values(output.images) : strcontains(image, "@sha256:")])
    error_message = "The plan does not show every digest."
  }
}
