# -*- encoding: utf-8 -*-
# stub: nice 1.2.3 ruby lib

Gem::Specification.new do |s|
  s.name = "nice".freeze
  s.version = "1.2.3"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.authors = ["A.name = \"x\"".freeze]
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  s.summary = "name".freeze
  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<rack>.freeze, ["~> 2.0"])
    s.add_development_dependency(%q<rake>.freeze, [">= 0"])
  else
    s.add_dependency(%q<zeitwerk>.freeze, [">= 2"])
  end
end
