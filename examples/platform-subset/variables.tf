variable "registry_a" {
  type        = string
  description = "Where images come from: host:port."
}

variable "registry_b" {
  type        = string
  description = "Where images go to: host:port."
}

variable "required_platforms" {
  type        = set(string)
  description = "Copy nothing unless the source offers all of these."
  default     = ["linux/amd64", "linux/arm64"]
}
