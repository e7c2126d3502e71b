variable "images" {
  type        = map(string)
  description = "The images to mirror: any name => where it comes from, such as { web = \"docker.io/library/nginx:1.29\" }."
  nullable    = false

  validation {
    condition = alltrue([
      for source in values(var.images) : provider::imagesync::parse_reference(source).tag != null
    ])
    error_message = "Each image needs a tag, as it gets the same one at the destination."
  }
}

variable "prefix" {
  type        = string
  description = "Where they go: the registry, and a path if there is one, such as \"registry.example.com/mirror\"."
  nullable    = false
}

variable "platforms" {
  type        = set(string)
  description = "Copy only these platforms, such as [\"linux/amd64\"]. Default: whole images as they are."
  default     = null
}
