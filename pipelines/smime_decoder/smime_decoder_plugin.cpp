// The S/MIME decoder as a plugin of its own: a host that only sends never loads it.
#include "smime_decoder.hpp"

HAWSER_PLUGIN(hawser::smime::smime_decoder)
