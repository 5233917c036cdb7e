// The umbrella headers in any order, in more than one source file of a program: nothing is defined twice.
#include <hawser/test_kit.hpp>
#include <hawser/sdk.hpp>
#include <hawser/sdk/draft_message_parts.hpp>
