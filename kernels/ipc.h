/* Inter-pixel capacitance: convolution with a kernel that undoes the coupling of neighbouring pixels.
 *
 *   Given     data [nplanes][stride] DN; kernel [ky][kx], float native, or one for each pixel, FITS float32
 *             [ky*kx][kernel_stride]; the rows and columns of science pixels in the rectangle
 *   Returned  science pixels: sum over (j, i) of kernel[j][i] * data[y + ky/2 - j][x + kx/2 - i] (odd sizes), with zero
 *             for what is not a science pixel of the rectangle; products are added in raster order, that of the centre
 * last, in single precision.  Reference pixels keep their values Source    behaviour of jwst 3.0.0 (ipc)
 *
 * `copy` puts the science pixels into scratch with zeros around them, `convolve` writes them back. */
#ifndef RP_IPC_H
#define RP_IPC_H

#include "dialect.h"
#include "neighbours.h"

typedef struct rp_ipc_params {
    rp_u64 stride;
    rp_u64 copy_stride, guard; /* scratch: elements from plane to plane, elements before the first pixel */
    rp_u64 kernel_offset, kernel_stride;
    rp_extent extent;      /* its core is not used */
    rp_i32 y0, y1, x0, x1; /* science pixels of the rectangle */
    rp_u32 ky, kx;
    rp_u32 per_pixel; /* the kernel differs from pixel to pixel */
    rp_u32 nplanes;
} rp_ipc_params;

/* Lanes at (dy, dx) from the pixels that are science pixels of the rectangle. */
RP_FN vi32 rp_ipc_science(const rp_ipc_params *prm, rp_index p, vi32 x, rp_i32 dy, rp_i32 dx)
{
    const vi32 column = x + rp_alli32(dx), row_start = rp_lane_numbers() + rp_alli32((rp_i32)p) - x;
    const vi32 shift = rp_alli32(dy * (rp_i32)prm->extent.nx), nx = rp_alli32((rp_i32)prm->extent.nx);
    const vi32 row = row_start + shift; /* nx times the row */
    return RP_M32(column >= rp_alli32(prm->x0)) & RP_M32(column < rp_alli32(prm->x1)) &
           RP_M32(row >= nx * rp_alli32(prm->y0)) & RP_M32(row < nx * rp_alli32(prm->y1));
}

RP_FN void rp_ipc_copy(const rp_ipc_params *prm, RP_G(const float) data, RP_G(float) copy, rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++)
        rp_store_f32(copy, k * prm->copy_stride + prm->guard + p, rp_load_f32(data, k * prm->stride + p));
}

/* Are all pixels under the kernel science pixels, for all lanes? */
RP_FN int rp_ipc_is_whole(const rp_ipc_params *prm, rp_index p, vi32 x)
{
    const rp_i32 up = (rp_i32)(prm->ky / 2), left = (rp_i32)(prm->kx / 2);
    const rp_i32 down = (rp_i32)prm->ky - 1 - up, right = (rp_i32)prm->kx - 1 - left;
    const vi32 all = rp_ipc_science(prm, p, x, -up, -left) & rp_ipc_science(prm, p, x, down, right);
    return !rp_any32(~all);
}

/* One product: weight (j, i) times its pixel of the copy. */
RP_FN vf32 rp_ipc_part(const rp_ipc_params *prm, RP_G(const float) copy, RP_G(const float) weights,
                       RP_G(const rp_u32) pixel_weights, rp_index at, rp_index p, vi32 x, int whole, rp_u32 j, rp_u32 i)
{
    const int middle = j == prm->ky / 2 && i == prm->kx / 2;
    const rp_i32 dy = middle ? 0 : (rp_i32)(prm->ky - 1 - j) - (rp_i32)(prm->ky / 2);
    const rp_i32 dx = middle ? 0 : (rp_i32)(prm->kx - 1 - i) - (rp_i32)(prm->kx / 2);
    vf32 value = rp_load_f32(copy, at + (rp_index)(rp_i64)(dy * (rp_i32)prm->extent.nx + dx));
    if (!whole)
        value = rp_sel32(rp_ipc_science(prm, p, x, dy, dx), value, rp_all32(0.0f));
    const rp_u32 element = j * prm->kx + i;
    if (prm->per_pixel)
        return rp_load_f32_fits(pixel_weights, prm->kernel_offset + element * prm->kernel_stride + p) * value;
    return rp_all32(weights[element]) * value;
}

RP_FN void rp_ipc_convolve(const rp_ipc_params *prm, RP_G(float) data, RP_G(const float) copy,
                           RP_G(const float) weights, RP_G(const rp_u32) pixel_weights, rp_index p)
{
    const vi32 x = rp_lane_columns(p, prm->extent.nx), science = rp_ipc_science(prm, p, x, 0, 0);
    const rp_u32 middle_j = prm->ky / 2, middle_i = prm->kx / 2;
    const int whole = rp_ipc_is_whole(prm, p, x);
    if (!rp_any32(science))
        return;
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->copy_stride + prm->guard + p;
        vf32 sum = rp_all32(0.0f);
        for (rp_u32 j = 0; j < prm->ky; j++)
            for (rp_u32 i = 0; i < prm->kx; i++)
                if (j != middle_j || i != middle_i)
                    sum = sum + rp_ipc_part(prm, copy, weights, pixel_weights, at, p, x, whole, j, i);
        sum = sum + rp_ipc_part(prm, copy, weights, pixel_weights, at, p, x, whole, middle_j, middle_i);
        const vf32 before = rp_load_f32(data, k * prm->stride + p);
        rp_store_f32(data, k * prm->stride + p, rp_sel32(science, sum, before));
    }
}

#endif
