Gem::Specification.new do |spec|
  spec.name = 'plain'
  spec.version = Gem::Version.new("0.1")
  spec.license = 'BSD-2-Clause'
end
