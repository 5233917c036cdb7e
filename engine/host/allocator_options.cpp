// What jemalloc reads at its start. Its defaults are for hundreds of threads: they cost an idle host a MiB, and make a
// message no cheaper (bench/relay_bench).
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,tcache_nslots_small_max:20,dirty_decay_ms:1000";
}
