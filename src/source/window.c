/* De-obfuscated bytes of one block or rev file, through a small window: what framing reads. */
#include "source/source_priv.h"

void frame_window_init(struct frame_window *window, const struct frame_input *input,
                       struct err *err)
{
    window->input = input;
    window->err = err;
    window->code = 0;
    window->at = 0;
    window->size = 0;
}

bool frame_read(struct frame_window *window, uint8_t *ret_data, size_t size, uint64_t at)
{
    const struct frame_input *input = window->input;
    sanad_assert(at <= input->size && size <= input->size - at);
    if (window->code != 0)
        return false;
    if (input->fd < 0)
        memcpy(ret_data, input->memory + at, size);
    else
        window->code = file_pread(input->fd, ret_data, size, at, input->name, window->err);
    if (window->code == 0)
        source_xor(ret_data, size, input->key, at);
    return window->code == 0;
}

const uint8_t *frame_view(struct frame_window *window, uint64_t at, size_t need, size_t wish)
{
    uint64_t left = window->input->size - at;
    sanad_assert(need <= wish && wish <= FRAME_WINDOW_SIZE && at <= window->input->size);
    if (need > left)
        return NULL;
    if (at >= window->at && at - window->at <= window->size &&
        need <= window->size - (size_t)(at - window->at))
        return window->data + (at - window->at);
    window->size = 0;
    if (wish > left)
        wish = (size_t)left;
    if (!frame_read(window, window->data, wish, at))
        return NULL;
    window->at = at;
    window->size = wish;
    return window->data;
}

const struct chain_params *frame_network(const struct frame_input *input, bool keyed)
{
    uint8_t head[4];
    if (input->size < sizeof head)
        return NULL;
    if (input->fd < 0)
        memcpy(head, input->memory, sizeof head);
    else if (file_pread(input->fd, head, sizeof head, 0, input->name, NULL) != 0)
        return NULL;
    if (keyed)
        source_xor(head, sizeof head, input->key, 0);
    for (int id = 0; id < CHAIN_COUNT; id++) {
        const struct chain_params *params = chain_params_get((enum chain_id)id);
        if (memcmp(head, params->magic, sizeof head) == 0)
            return params;
    }
    return NULL;
}
