variable "registry_b" {
  type        = string
  description = "The registry of the inner side: host:port."
}

variable "app_version" {
  type        = string
  description = "The version that runs."
  default     = "1.0"
}
