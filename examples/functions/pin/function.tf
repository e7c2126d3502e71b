# = "ghcr.io/acme/app@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
output "pinned" {
  value = provider::imagesync::pin(
    "ghcr.io/acme/app:1.2",
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  )
}
