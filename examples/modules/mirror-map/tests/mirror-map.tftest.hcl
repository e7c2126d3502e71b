# No registry is asked here: the resources are mocked, the functions are the provider's own.
mock_provider "imagesync" {}

variables {
  prefix = "registry.example.com/mirror/"
  images = {
    web   = "nginx:1.29"
    agent = "ghcr.io/acme/agent:2.0@sha256:5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592"
    local = "localhost:5000/team/app:1"
  }
}

run "each_image_goes_below_the_name_of_its_registry" {
  command = plan

  assert {
    condition = { for name, mirror in imagesync.mirror : name => mirror.destination } == {
      web   = "registry.example.com/mirror/docker.io/library/nginx:1.29"
      agent = "registry.example.com/mirror/ghcr.io/acme/agent:2.0@sha256:5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592"
      local = "registry.example.com/mirror/localhost-5000/team/app:1"
    }
    error_message = "A destination is not what it should be."
  }
}

run "every_image_gets_the_platforms" {
  command = plan

  variables {
    platforms = ["linux/amd64"]
  }

  assert {
    condition     = alltrue([for mirror in imagesync.mirror : mirror.platforms == toset(["linux/amd64"])])
    error_message = "The platforms do not reach every image."
  }
}

run "the_outputs_have_the_names_of_the_images" {
  assert {
    condition     = keys(output.images) == ["agent", "local", "web"] && keys(output.digests) == keys(output.images)
    error_message = "An image is missing in an output."
  }
}

run "an_image_without_a_tag_is_refused" {
  command = plan

  variables {
    images = {
      web = "docker.io/library/nginx"
    }
  }

  expect_failures = [var.images]
}

run "no_images_are_no_mistake" {
  command = plan

  variables {
    images = {}
  }

  assert {
    condition     = length(output.images) == 0
    error_message = "There should be no image."
  }
}
