-- package = "comment"
--[==[ version = "9" ]==]
package = "LuaSocket"
version = "3.1.0-1"
source = { url = "git+https://git.example", package = "inner", tag = 'v"3' }
description = {
   summary = "Network \"support\"",
   detailed = [[
      license = "none", version = "2"
   ]],
   license = "MIT"
}
dependencies = {
   "lua >= 5.1",
   "mime ~> 1.0",
   platforms = { unix = { "luaposix" } }
}
build = { type = "builtin" }
