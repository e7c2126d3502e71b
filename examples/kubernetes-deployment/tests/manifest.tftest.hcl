run "the_manifest_runs_the_pinned_image" {
  assert {
    condition     = yamldecode(output.manifest).spec.template.spec.containers[0].image == imagesync.web.id
    error_message = "The manifest does not run the pinned image."
  }
}
