/* hawser/abi_draft.h: services that are being tried out, with ids of their own: "hawser.draft.…". They may change or go
 * with any version, and an engine may lack them; once settled they come into abi.h under another id. Rules are those of
 * abi.h. */
#ifndef HAWSER_ABI_DRAFT_H
#define HAWSER_ABI_DRAFT_H

#include "hawser/abi.h"
#ifdef __cplusplus
extern "C" {
#endif

#define HAWSER_DRAFT_MESSAGE_PARTS "hawser.draft.message-parts/1"
typedef struct hawser_draft_message_parts_api {
    uint32_t struct_size, reserved;
    /* For a decoder: a further part, behind those that there are; is_body and size of `part` are not looked at. Moves
     * the stream in, which is read after the body's end; on failure it stays the caller's. In execute or while the
     * component's body is read, its end included. [worker] */
    hawser_status (*add)(hawser_message *m, const hawser_part *part, const hawser_stream *in,
                         const hawser_error *error);
} hawser_draft_message_parts_api;

#ifdef __cplusplus
}
#endif
#endif
