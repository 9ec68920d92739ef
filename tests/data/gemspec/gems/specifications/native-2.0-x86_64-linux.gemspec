# stub: native 2.0 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = NAME
  s.version = VERSION
end
