import { gatewayPaths, gatewaySlots, type GatewayLayout } from './layout.js'

/**
 * What Flotilla adds to HAProxy: one command that points both ports in one step and writes down at whom, one
 * that tells, a place to wait for clients that come while nobody is in service, and the way back after a
 * restart with no daemon there. In the Lua that HAProxy's own images and those of distributions are built
 * with.
 *
 * One Lua state for all threads, so no two of these run at once, and nothing comes between two lines but at a
 * call that waits.
 */
export function renderGatewayLua(layout: GatewayLayout): string {
  const { config, lua: ownPath, filesDigest, pointing, login, checkSocket } = gatewayPaths(layout)
  return lua
    .replaceAll('CONFIG_PATH', config)
    .replaceAll('LUA_PATH', ownPath)
    .replaceAll('FILES_PATH', filesDigest)
    .replaceAll('POINTING_PATH', pointing)
    .replaceAll('LOGIN_PATH', login)
    .replaceAll('CHECK_SOCKET', checkSocket)
    .replaceAll('SLOTS', String(gatewaySlots))
}

const lua = String.raw`local pointed_by = "nobody"
local lineage = "-"
local is_written = true
-- Counts orders. Each names the one that it follows, so that one that was stuck on its way, as to a frozen
-- process, is not carried out after a later one.
local serial = 0
-- Per port, by slot: who is in service, as far as we have ordered it.
local in_service = { master = {}, replicas = {} }
-- Per port: slots that have left while their sessions stay.
local kept = { master = {}, replicas = {} }

local function server(port, slot)
  return core.backends[port].servers[slot]
end

-- Without health checks a server in service is "no check"; one that somebody drains takes no new client.
local function serves(port, slot)
  local status = server(port, slot):get_stats().status
  return status == "no check" or status == "UP"
end

-- By HAProxy's own account, so that a change by hand shows. All slots are looked through only where the number of
-- those in service, or one of ours, says that there was one.
local function seen_in_service(port)
  local seen, ours = {}, 0
  local is_as_ordered = true
  for slot in pairs(in_service[port]) do
    ours = ours + 1
    seen[slot] = server(port, slot):get_addr()
    is_as_ordered = is_as_ordered and serves(port, slot)
  end
  if is_as_ordered and tonumber(core.backends[port]:get_stats().act) == ours then return seen end
  seen = {}
  for slot, one in pairs(core.backends[port].servers) do
    if serves(port, slot) then seen[slot] = one:get_addr() end
  end
  return seen
end

-- "0=10.0.0.2:6379,1=fd00::3:6379", or "-" for nobody. Null and the part that is wrong.
local function parse_servers(text)
  local servers = {}
  if text == "-" then return servers end
  for part in text:gmatch("[^,]+") do
    local ordinal, host, port = part:match("^(%d+)=([%x%.:]+):(%d+)$")
    if ordinal == nil or tonumber(ordinal) >= SLOTS or tonumber(port) > 65535 then return nil, part end
    servers["node-" .. tonumber(ordinal)] = { host = host, port = port, is_replica = false }
  end
  return servers
end

-- Over what is there, and never shortened: a file that was emptied is flushed as it is closed, on a busy disk for a
-- hundred milliseconds in which no client is served. What is left of a longer text comes behind "end".
local written = ""
local function write_down(text)
  if text == written then return true end
  local file = io.open("POINTING_PATH", "r+")
  if file == nil then return false end
  local is_whole = file:write(text) ~= nil
  is_whole = file:close() == true and is_whole
  written = is_whole and text or ""
  return is_whole
end

local function shut_sessions(left)
  for port, slots in pairs(left) do
    for slot in pairs(slots) do
      if in_service[port][slot] == nil then server(port, slot):shut_sess() end
    end
  end
end

local function enter_service(port, slot, new)
  local one = server(port, slot)
  one:set_addr(new.host, new.port)
  one:set_ready()
  in_service[port][slot] = { host = new.host, port = new.port, address = one:get_addr() }
end

-- Who leaves takes nobody new from here on, then those who come do, and then no session stays with who has left:
-- a client sees one closed connection, and whom it connects to next is right.
local function point(wanted, keep_sessions)
  for _, port in ipairs({ "master", "replicas" }) do
    local seen = seen_in_service(port)
    for slot, address in pairs(seen) do
      local ordered, new = in_service[port][slot], wanted[port][slot]
      local stays = ordered ~= nil and new ~= nil and ordered.address == address
        and ordered.host == new.host and ordered.port == new.port
      if not stays then
        server(port, slot):set_maint()
        -- The slot itself is needed for another address: whoever was connected to the old one goes now.
        if new ~= nil then server(port, slot):shut_sess() else kept[port][slot] = true end
        seen[slot] = nil
        in_service[port][slot] = nil
      end
    end
    for slot, new in pairs(wanted[port]) do
      if seen[slot] == nil then
        -- Sessions that were kept from its last time in service are not to be taken for new ones.
        if kept[port][slot] then server(port, slot):shut_sess() end
        kept[port][slot] = nil
        enter_service(port, slot, new)
      end
    end
  end
  if keep_sessions then return end
  local left = kept
  kept = { master = {}, replicas = {} }
  shut_sessions(left)
  -- Once more, for who was on the way to a server as it left; connecting takes no longer than this.
  core.register_task(function()
    core.msleep(300)
    shut_sessions(left)
  end)
end

core.register_cli({ "flotilla", "point" }, "flotilla point SERIAL LINEAGE MASTER REPLICAS keep|shut", function(applet, _, _, follows, new_lineage, master, replicas, sessions)
  local is_lineage = new_lineage == "-" or (new_lineage or ""):match("^%x+$") ~= nil
  if sessions == nil or not is_lineage or (sessions ~= "keep" and sessions ~= "shut") then
    applet:send("refused: not understood\n")
    return
  end
  local wanted, wrong = {}, nil
  wanted.master, wrong = parse_servers(master)
  if wrong == nil then wanted.replicas, wrong = parse_servers(replicas) end
  if wrong == nil and next(wanted.master) ~= nil and next(wanted.master, next(wanted.master)) ~= nil then wrong = master end
  if wrong ~= nil then
    applet:send("refused: not a server: " .. wrong .. "\n")
    return
  end
  if tonumber(follows) ~= serial then
    applet:send("stale " .. serial .. "\n")
    return
  end
  serial = serial + 1
  pointed_by = "flotilla"
  lineage = new_lineage
  point(wanted, sessions == "keep")
  applet:send("done " .. serial .. "\n")
  local text = "lineage " .. lineage .. "\nmaster " .. master .. "\nreplicas " .. replicas .. "\nend\n"
  local ours = serial
  -- After the answer has gone, unless another order came meanwhile.
  core.register_task(function()
    if ours == serial then is_written = write_down(text) end
  end)
end)

local function read_text(path)
  local file = io.open(path, "r")
  if file == nil then return nil end
  local text = file:read(65536)
  file:close()
  return text
end

-- FNV-1a of what was read at the start, so that a change by hand shows.
local function sum_of(...)
  local sum = 2166136261
  for _, path in ipairs({ ... }) do
    local text = read_text(path) or ""
    for at = 1, #text do sum = ((sum ~ text:byte(at)) * 16777619) & 0xffffffff end
  end
  return string.format("%08x", sum)
end
local config_sum = sum_of("CONFIG_PATH", "LUA_PATH")

core.register_cli({ "flotilla", "show" }, "flotilla show", function(applet)
  local info = core.get_info()
  local lines = {
    "version " .. info.Version,
    "uptime " .. info.Uptime_sec,
    "config " .. (info.description or ""),
    "config-sum " .. config_sum,
    "files " .. ((read_text("FILES_PATH") or ""):match("^%x+") or "none"),
    "serial " .. serial,
    "pointed-by " .. pointed_by,
    "lineage " .. lineage,
    "written " .. (is_written and "yes" or "no"),
  }
  for _, port in ipairs({ "master", "replicas" }) do
    local stats = core.backends[port]:get_stats()
    lines[#lines + 1] = "sessions " .. port .. " " .. stats.scur .. " " .. stats.stot
    for slot, address in pairs(seen_in_service(port)) do
      lines[#lines + 1] = "server " .. port .. " " .. slot .. " " .. address
    end
  end
  lines[#lines + 1] = "end\n"
  applet:send(table.concat(lines, "\n"))
end)

-- How many clients came to wait lately: who gives up while it waits can't be counted out again.
local arrivals = { second = 0, now = 0, before = 0 }
local function note_arrival()
  local second = core.now().sec
  if second ~= arrivals.second then
    arrivals = { second = second, now = 0, before = second == arrivals.second + 1 and arrivals.now or 0 }
  end
  arrivals.now = arrivals.now + 1
end

-- A client that comes in the milliseconds of a failover waits here for the new master, instead of being sent away
-- to come again when it likes. It ends with tcp-request inspect-delay at the latest. The more there are, the less
-- often each looks.
for _, port in ipairs({ "master", "replicas" }) do
  core.register_action("wait_for_" .. port, { "tcp-req" }, function()
    note_arrival()
    while next(in_service[port]) == nil do core.msleep(5 + (arrivals.now + arrivals.before) // 20) end
  end)
end

-- The way back after a restart with no daemon there. What was written down is believed of a node only if it says
-- itself that it still is what it was: a promotion begins another lineage, so the old master of one is known by it.

local function read_pointing()
  local recorded, master, replicas = (read_text("POINTING_PATH") or ""):match("^lineage (%x+)\nmaster (%S+)\nreplicas (%S+)\nend\n")
  if recorded == nil then return nil end
  local wanted = { master = parse_servers(master), replicas = parse_servers(replicas) }
  if wanted.master == nil or wanted.replicas == nil then return nil end
  return recorded, wanted, master, replicas
end

local recorded, remembered = read_pointing()
local login = read_text("LOGIN_PATH") or ""

-- INFO replication of a node, or null. With TLS by a backend of its own, which proves who answers.
local function ask(new)
  local socket = core.tcp()
  socket:settimeout(1)
  local check = core.backends["check"]
  local connected
  if check == nil then
    connected = socket:connect(new.host, tonumber(new.port))
  else
    check.servers["node"]:set_addr(new.host, new.port)
    check.servers["node"]:set_ready()
    connected = socket:connect("unix@CHECK_SOCKET")
  end
  local info = nil
  if connected then
    socket:send(login .. "INFO replication\r\n")
    -- The answer to AUTH, where there is one, comes before.
    for _ = 1, 2 do
      local line = socket:receive("*l")
      if line == nil then break end
      local length = tonumber(line:match("^%$(%d+)"))
      if length ~= nil then
        if length < 65536 then info = socket:receive(length) end
        break
      end
    end
  end
  socket:close()
  return info
end

local function is_still(port, info)
  if info == nil or info:match("master_replid:(%x+)") ~= recorded then return false end
  if info:match("role:(%a+)") == "master" then return true end
  return port == "replicas" and info:match("master_link_status:(%a+)") == "up"
end

-- Nobody is asked any more once the daemon has spoken. Null when all are back.
local function come_back()
  local missing = false
  for _, port in ipairs({ "master", "replicas" }) do
    for slot, new in pairs(remembered[port]) do
      if in_service[port][slot] == nil then
        local found = is_still(port, ask(new))
        if pointed_by == "flotilla" then return true end
        if found then
          enter_service(port, slot, new)
          pointed_by = "itself"
          lineage = recorded
        else
          missing = true
        end
      end
    end
  end
  return not missing
end

if recorded ~= nil then
  core.register_task(function()
    for _ = 1, 50 do
      if come_back() then return end
      core.msleep(200)
    end
  end)
end
`
