variable "registry_a" {
  type        = string
  description = "Where images come from: host:port."
}

variable "registry_b" {
  type        = string
  description = "Where images go to: host:port."
}
