/**
 * INFO as servers print it, with the lines ending in \n here (the parser takes both). The two of 7.0 are
 * whole and from a real server; the others are cut to the sections that differ, written after the sources of
 * those versions.
 */
export const redis70Master = `# Server
redis_version:7.0.15
redis_git_sha1:00000000
redis_git_dirty:0
redis_build_id:ae4d7c971a948f0
redis_mode:standalone
os:Linux 6.1.0 x86_64
arch_bits:64
monotonic_clock:POSIX clock_gettime
multiplexing_api:epoll
atomicvar_api:c11-builtin
gcc_version:12.2.0
process_id:11401
process_supervised:no
run_id:7ddad5ab6a57e139b95a6d70c6339f0ea28d3c65
tcp_port:44821
server_time_usec:1795412843295394
uptime_in_seconds:1
uptime_in_days:0
hz:10
configured_hz:10
lru_clock:250731
executable:/data/redis-server
config_file:/etc/flotilla/redis.conf
io_threads_active:0

# Clients
connected_clients:2
cluster_connections:0
maxclients:10000
client_recent_max_input_buffer:20480
client_recent_max_output_buffer:20504
blocked_clients:0
tracking_clients:0
clients_in_timeout_table:0

# Memory
used_memory:1163608
used_memory_human:1.11M
used_memory_rss:12427264
used_memory_rss_human:11.85M
used_memory_peak:1179552
used_memory_peak_human:1.12M
used_memory_peak_perc:98.65%
used_memory_overhead:926324
used_memory_startup:877616
used_memory_dataset:237284
used_memory_dataset_perc:82.97%
allocator_allocated:1574440
allocator_active:1949696
allocator_resident:5140480
total_system_memory:25276510208
total_system_memory_human:23.54G
used_memory_lua:32768
used_memory_vm_eval:32768
used_memory_lua_human:32.00K
used_memory_scripts_eval:0
number_of_cached_scripts:0
number_of_functions:0
number_of_libraries:0
used_memory_vm_functions:33792
used_memory_vm_total:66560
used_memory_vm_total_human:65.00K
used_memory_functions:200
used_memory_scripts:200
used_memory_scripts_human:200B
maxmemory:0
maxmemory_human:0B
maxmemory_policy:noeviction
allocator_frag_ratio:1.24
allocator_frag_bytes:375256
allocator_rss_ratio:2.64
allocator_rss_bytes:3190784
rss_overhead_ratio:2.42
rss_overhead_bytes:7286784
mem_fragmentation_ratio:11.06
mem_fragmentation_bytes:11303568
mem_not_counted_for_evict:0
mem_replication_backlog:20508
mem_total_replication_buffers:20504
mem_clients_slaves:0
mem_clients_normal:27392
mem_cluster_links:0
mem_aof_buffer:0
mem_allocator:jemalloc-5.3.0
active_defrag_running:0
lazyfree_pending_objects:0
lazyfreed_objects:0

# Persistence
loading:0
async_loading:0
current_cow_peak:0
current_cow_size:0
current_cow_size_age:0
current_fork_perc:0.00
current_save_keys_processed:0
current_save_keys_total:0
rdb_changes_since_last_save:12
rdb_bgsave_in_progress:0
rdb_last_save_time:1795412842
rdb_last_bgsave_status:ok
rdb_last_bgsave_time_sec:0
rdb_current_bgsave_time_sec:-1
rdb_saves:0
rdb_last_cow_size:229376
rdb_last_load_keys_expired:0
rdb_last_load_keys_loaded:0
aof_enabled:0
aof_rewrite_in_progress:0
aof_rewrite_scheduled:0
aof_last_rewrite_time_sec:-1
aof_current_rewrite_time_sec:-1
aof_last_bgrewrite_status:ok
aof_rewrites:0
aof_rewrites_consecutive_failures:0
aof_last_write_status:ok
aof_last_cow_size:0
module_fork_in_progress:0
module_fork_last_cow_size:0

# Stats
total_connections_received:16
total_commands_processed:259
instantaneous_ops_per_sec:158
total_net_input_bytes:4953
total_net_output_bytes:1058656
total_net_repl_input_bytes:0
total_net_repl_output_bytes:620
instantaneous_input_kbps:2.93
instantaneous_output_kbps:637.98
instantaneous_input_repl_kbps:0.00
instantaneous_output_repl_kbps:0.37
rejected_connections:0
sync_full:1
sync_partial_ok:0
sync_partial_err:0
expired_keys:0
expired_stale_perc:0.00
expired_time_cap_reached_count:0
expire_cycle_cpu_milliseconds:0
evicted_keys:0
evicted_clients:0
total_eviction_exceeded_time:0
current_eviction_exceeded_time:0
keyspace_hits:0
keyspace_misses:0
pubsub_channels:0
pubsub_patterns:0
pubsubshard_channels:0
latest_fork_usec:424
total_forks:1
migrate_cached_sockets:0
slave_expires_tracked_keys:0
active_defrag_hits:0
active_defrag_misses:0
active_defrag_key_hits:0
active_defrag_key_misses:0
total_active_defrag_time:0
current_active_defrag_time:0
tracking_total_keys:0
tracking_total_items:0
tracking_total_prefixes:0
unexpected_error_replies:0
total_error_replies:3
dump_payload_sanitizations:0
total_reads_processed:273
total_writes_processed:269
io_threaded_reads_processed:0
io_threaded_writes_processed:0
reply_buffer_shrinks:2
reply_buffer_expands:0

# Replication
role:master
connected_slaves:1
slave0:ip=shop-1,port=41181,state=online,offset=361,lag=0
master_failover_state:no-failover
master_replid:8c45543d36a73b9bf4fbe8b044db39003e339631
master_replid2:0000000000000000000000000000000000000000
master_repl_offset:361
second_repl_offset:-1
repl_backlog_active:1
repl_backlog_size:67108864
repl_backlog_first_byte_offset:1
repl_backlog_histlen:361

# CPU
used_cpu_sys:0.014517
used_cpu_user:0.014517
used_cpu_sys_children:0.000000
used_cpu_user_children:0.001778
used_cpu_sys_main_thread:0.014464
used_cpu_user_main_thread:0.014464

# Modules

# Errorstats
errorstat_NOAUTH:count=2
errorstat_NOMASTERLINK:count=1

# Cluster
cluster_enabled:0

# Keyspace
db0:keys=12,expires=0,avg_ttl=0
`

export const redis70Replica = `# Server
redis_version:7.0.15
redis_git_sha1:00000000
redis_git_dirty:0
redis_build_id:ae4d7c971a948f0
redis_mode:standalone
os:Linux 6.1.0 x86_64
arch_bits:64
monotonic_clock:POSIX clock_gettime
multiplexing_api:epoll
atomicvar_api:c11-builtin
gcc_version:12.2.0
process_id:11402
process_supervised:no
run_id:ea336d3d9b55c4618d7d0ac7eef8d559e18ced22
tcp_port:41181
server_time_usec:1795412843297379
uptime_in_seconds:1
uptime_in_days:0
hz:10
configured_hz:10
lru_clock:250731
executable:/data/redis-server
config_file:/etc/flotilla/redis.conf
io_threads_active:0

# Clients
connected_clients:3
cluster_connections:0
maxclients:10000
client_recent_max_input_buffer:20480
client_recent_max_output_buffer:0
blocked_clients:0
tracking_clients:0
clients_in_timeout_table:0

# Memory
used_memory:1162768
used_memory_human:1.11M
used_memory_rss:12353536
used_memory_rss_human:11.78M
used_memory_peak:1196304
used_memory_peak_human:1.14M
used_memory_peak_perc:97.20%
used_memory_overhead:923092
used_memory_startup:877648
used_memory_dataset:239676
used_memory_dataset_perc:84.06%
allocator_allocated:2149152
allocator_active:2338816
allocator_resident:5058560
total_system_memory:25276510208
total_system_memory_human:23.54G
used_memory_lua:32768
used_memory_vm_eval:32768
used_memory_lua_human:32.00K
used_memory_scripts_eval:0
number_of_cached_scripts:0
number_of_functions:0
number_of_libraries:0
used_memory_vm_functions:33792
used_memory_vm_total:66560
used_memory_vm_total_human:65.00K
used_memory_functions:200
used_memory_scripts:200
used_memory_scripts_human:200B
maxmemory:0
maxmemory_human:0B
maxmemory_policy:noeviction
allocator_frag_ratio:1.09
allocator_frag_bytes:189664
allocator_rss_ratio:2.16
allocator_rss_bytes:2719744
rss_overhead_ratio:2.44
rss_overhead_bytes:7294976
mem_fragmentation_ratio:11.00
mem_fragmentation_bytes:11230680
mem_not_counted_for_evict:0
mem_replication_backlog:20508
mem_total_replication_buffers:20504
mem_clients_slaves:0
mem_clients_normal:24128
mem_cluster_links:0
mem_aof_buffer:0
mem_allocator:jemalloc-5.3.0
active_defrag_running:0
lazyfree_pending_objects:0
lazyfreed_objects:0

# Persistence
loading:0
async_loading:0
current_cow_peak:0
current_cow_size:0
current_cow_size_age:0
current_fork_perc:0.00
current_save_keys_processed:0
current_save_keys_total:0
rdb_changes_since_last_save:12
rdb_bgsave_in_progress:0
rdb_last_save_time:1795412842
rdb_last_bgsave_status:ok
rdb_last_bgsave_time_sec:-1
rdb_current_bgsave_time_sec:-1
rdb_saves:0
rdb_last_cow_size:0
rdb_last_load_keys_expired:0
rdb_last_load_keys_loaded:0
aof_enabled:0
aof_rewrite_in_progress:0
aof_rewrite_scheduled:0
aof_last_rewrite_time_sec:-1
aof_current_rewrite_time_sec:-1
aof_last_bgrewrite_status:ok
aof_rewrites:0
aof_rewrites_consecutive_failures:0
aof_last_write_status:ok
aof_last_cow_size:0
module_fork_in_progress:0
module_fork_last_cow_size:0

# Stats
total_connections_received:3
total_commands_processed:26
instantaneous_ops_per_sec:14
total_net_input_bytes:1140
total_net_output_bytes:16141
total_net_repl_input_bytes:620
total_net_repl_output_bytes:0
instantaneous_input_kbps:0.63
instantaneous_output_kbps:9.72
instantaneous_input_repl_kbps:0.37
instantaneous_output_repl_kbps:0.00
rejected_connections:0
sync_full:0
sync_partial_ok:0
sync_partial_err:0
expired_keys:0
expired_stale_perc:0.00
expired_time_cap_reached_count:0
expire_cycle_cpu_milliseconds:0
evicted_keys:0
evicted_clients:0
total_eviction_exceeded_time:0
current_eviction_exceeded_time:0
keyspace_hits:0
keyspace_misses:0
pubsub_channels:0
pubsub_patterns:0
pubsubshard_channels:0
latest_fork_usec:0
total_forks:0
migrate_cached_sockets:0
slave_expires_tracked_keys:0
active_defrag_hits:0
active_defrag_misses:0
active_defrag_key_hits:0
active_defrag_key_misses:0
total_active_defrag_time:0
current_active_defrag_time:0
tracking_total_keys:0
tracking_total_items:0
tracking_total_prefixes:0
unexpected_error_replies:0
total_error_replies:2
dump_payload_sanitizations:0
total_reads_processed:26
total_writes_processed:14
io_threaded_reads_processed:0
io_threaded_writes_processed:0
reply_buffer_shrinks:2
reply_buffer_expands:0

# Replication
role:slave
master_host:127.0.0.1
master_port:44821
master_link_status:up
master_last_io_seconds_ago:1
master_sync_in_progress:0
slave_read_repl_offset:361
slave_repl_offset:361
slave_priority:100
slave_read_only:1
replica_announced:1
connected_slaves:0
master_failover_state:no-failover
master_replid:8c45543d36a73b9bf4fbe8b044db39003e339631
master_replid2:0000000000000000000000000000000000000000
master_repl_offset:361
second_repl_offset:-1
repl_backlog_active:1
repl_backlog_size:67108864
repl_backlog_first_byte_offset:1
repl_backlog_histlen:361

# CPU
used_cpu_sys:0.012005
used_cpu_user:0.000000
used_cpu_sys_children:0.000000
used_cpu_user_children:0.000000
used_cpu_sys_main_thread:0.011941
used_cpu_user_main_thread:0.000000

# Modules

# Errorstats
errorstat_NOAUTH:count=1
errorstat_NOMASTERLINK:count=1

# Cluster
cluster_enabled:0

# Keyspace
db0:keys=12,expires=0,avg_ttl=0
`

export const redis62Replica = `# Server
redis_version:6.2.14
redis_mode:standalone
run_id:62aa62aa62aa62aa62aa62aa62aa62aa62aa62aa
uptime_in_seconds:3

# Clients
connected_clients:2

# Persistence
loading:0
rdb_changes_since_last_save:0
rdb_bgsave_in_progress:0
rdb_last_save_time:1700000000
rdb_last_bgsave_status:err
aof_enabled:1
aof_rewrite_in_progress:1
aof_last_write_status:err

# Replication
role:slave
master_host:fd00:0:0:1::5
master_port:6379
master_link_status:down
master_last_io_seconds_ago:-1
master_sync_in_progress:1
slave_repl_offset:1
master_sync_total_bytes:0
master_sync_read_bytes:12345
master_sync_left_bytes:-12345
master_sync_perc:-0.00
master_sync_last_io_seconds_ago:0
master_link_down_since_seconds:-1
slave_priority:0
slave_read_only:1
connected_slaves:0
master_failover_state:no-failover
master_replid:6262626262626262626262626262626262626262
master_replid2:0000000000000000000000000000000000000000
master_repl_offset:0
second_repl_offset:-1
repl_backlog_active:0
`

export const redis8Master = `# Server
redis_version:8.0.3
redis_mode:standalone
run_id:8080808080808080808080808080808080808080
uptime_in_seconds:90000

# Persistence
loading:0
async_loading:0
rdb_saves:3
aof_enabled:0

# Replication
role:master
connected_slaves:3
slave0:ip=fd00:0:0:1::7,port=6379,state=online,offset=1400,lag=1,io-thread=0
slave1:ip=shop-2,port=6379,state=send_bulk_and_stream,offset=0,lag=0,io-thread=1
replicas_waiting_psync:0
master_failover_state:no-failover
master_replid:8181818181818181818181818181818181818181
master_replid2:8282828282828282828282828282828282828282
master_repl_offset:1414
second_repl_offset:1001
replica_full_sync_buffer_size:0

# Keysizes
db0_distrib_strings_sizes:1=1,2=2

# Keyspace
db0:keys=12,expires=1,avg_ttl=300,subexpiry=0
db15:keys=30,expires=0,avg_ttl=0,subexpiry=0
`

export const valkey8Replica = `# Server
redis_version:7.2.4
server_name:valkey
valkey_version:8.1.1
valkey_release_stage:ga
server_mode:standalone
run_id:7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a
uptime_in_seconds:12

# Persistence
loading:1
async_loading:0
loading_start_time:1700000000
loading_total_bytes:209715200
loading_rdb_used_mem:0
loading_loaded_bytes:52428800
loading_loaded_perc:25.00
loading_eta_seconds:3

# Replication
role:slave
master_host:shop-0
master_port:6379
master_link_status:down
master_last_io_seconds_ago:-1
master_sync_in_progress:0
slave_read_repl_offset:1
slave_repl_offset:1
replicas_repl_buffer_size:0
master_link_down_since_seconds:7
slave_priority:100
connected_slaves:1
slave0:ip=shop-3,port=6379,state=wait_bgsave,offset=0,lag=0,type=rdb-channel
replicas_waiting_psync:0
master_failover_state:no-failover
master_replid:7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b
master_replid2:0000000000000000000000000000000000000000
master_repl_offset:0
second_repl_offset:-1
`
