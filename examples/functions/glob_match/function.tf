# = ["1.29", "1.29.1"]
output "selected" {
  value = [
    for tag in ["1.28", "1.29", "1.29.1", "latest"] : tag
    if provider::imagesync::glob_match("1.29*", tag)
  ]
}
