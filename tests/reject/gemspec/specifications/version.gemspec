Gem::Specification.new do |s|
  s.name = "x"
end
