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
    /* For a decoder: a further part, behind those that there are; is_body and size of `part` are not looked at, and a
     * name that another part has gets a number. Moves the stream in, which is read after the body's end; on failure it
     * stays the caller's. In execute or while the component's body is read, its end included. Fails in a send pipeline,
     * and where a text has a control character or more than 1024 bytes. [worker] */
    hawser_status (*add)(hawser_message *m, const hawser_part *part, const hawser_stream *in,
                         const hawser_error *error);
    /* For a decoder: the content type, charset and file name that the body has now; the rest of `part` is not looked
     * at. When and how it fails: as add. [worker] */
    hawser_status (*describe_body)(hawser_message *m, const hawser_part *part, const hawser_error *error);
} hawser_draft_message_parts_api;

#ifdef __cplusplus
}
#endif
#endif
