local function version() return { LIBRARY_VERSION } end

local function read_only(name, callback)
  redis.register_function { function_name = name, callback = callback, flags = { 'no-writes' } }
end

redis.register_function('tp_authorize', authorize)
redis.register_function('tp_answer', answer)
redis.register_function('tp_end', end_call)
redis.register_function('tp_sweep', sweep)
redis.register_function('tp_seen', seen)
redis.register_function('tp_refused', refused)
redis.register_function('tp_put_client', put_client)
redis.register_function('tp_put_reseller', put_reseller)
redis.register_function('tp_put_account', put_account)
redis.register_function('tp_put_identity', put_identity)
redis.register_function('tp_rebase', rebase)
read_only('tp_identify', identify)
read_only('tp_explain', explain)
read_only('tp_usage', usage)
read_only('tp_version', version)
