using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FindMe.Faces;

/// <summary>A rectangle of whole pixels.</summary>
internal readonly record struct PixelRectangle(int X, int Y, int Width, int Height);

/// <summary>The filter for resizing a picture.</summary>
internal enum ResamplingKind
{
    /// <summary>Triangle filter with aligned pixel centres; averages when shrinking.</summary>
    Smooth,

    /// <summary>
    /// Default of tfjs' <c>resizeBilinear</c>, which face-api.js uses: two taps at any scale, aligned at the upper left corner.
    /// </summary>
    FaceApi,
}

/// <summary>Crops a picture, pads it with black, resizes it, and writes it as colour planes.</summary>
internal static class Resampling
{
    /// <summary>Resizes a padded crop into the upper left part of planes of floats.</summary>
    /// <param name="picture">The source.</param>
    /// <param name="crop">The part of the source to use.</param>
    /// <param name="padding">X and Y: black pixels left of and above the crop. Width and Height: size of the padded crop.</param>
    /// <param name="width">Width to which the padded crop is resized.</param>
    /// <param name="height">Height to which the padded crop is resized.</param>
    /// <param name="planes"><c>[3, planeHeight, planeWidth]</c>: red, green, blue, 0 to 255. Values outside the result keep their content.</param>
    /// <param name="planeWidth">Row length of a plane, at least <paramref name="width"/>.</param>
    /// <param name="planeHeight">Rows of a plane, at least <paramref name="height"/>.</param>
    /// <param name="kind">The filter.</param>
    public static void Resample(
        Picture picture,
        PixelRectangle crop,
        PixelRectangle padding,
        int width,
        int height,
        Span<float> planes,
        int planeWidth,
        int planeHeight,
        ResamplingKind kind)
    {
        using var across = Taps.Create(crop.Width, padding.X, padding.Width, width, kind);
        using var down = Taps.Create(crop.Height, padding.Y, padding.Height, height, kind);
        var rowLength = crop.Width * Picture.Bands;
        var row = Buffers.Floats.Rent(rowLength + 1);
        try
        {
            var planeSize = planeWidth * planeHeight;
            for (var y = 0; y < height; y++)
            {
                SumRows(picture, crop, down, y, row.AsSpan(0, rowLength));
                var target = y * planeWidth;
                SumColumns(
                    row,
                    across,
                    planes.Slice(target, width),
                    planes.Slice(planeSize + target, width),
                    planes.Slice((2 * planeSize) + target, width));
            }
        }
        finally
        {
            Buffers.Floats.Return(row);
        }
    }

    private static void SumRows(Picture picture, PixelRectangle crop, Taps down, int y, Span<float> sum)
    {
        sum.Clear();
        var weights = down.WeightsOf(y, out var first);
        for (var i = 0; i < weights.Length; i++)
        {
            var start = (((crop.Y + first + i) * picture.Width) + crop.X) * Picture.Bands;
            AddRow(picture.Pixels.Slice(start, sum.Length), weights[i], sum);
        }
    }

    // Runs for every pixel: optimize at once, since tiered compilation would come too late for the first photo.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow(ReadOnlySpan<byte> pixels, float weight, Span<float> sum)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(sum);
        var bytesAtOnce = Vector<byte>.Count;
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(pixels);
        for (var i = 0; i < wide.Length; i++)
        {
            Vector.Widen(wide[i], out var low, out var high);
            Vector.Widen(low, out var a, out var b);
            Vector.Widen(high, out var c, out var d);
            vectors[i * 4] += Vector.ConvertToSingle(Vector.AsVectorInt32(a)) * weight;
            vectors[(i * 4) + 1] += Vector.ConvertToSingle(Vector.AsVectorInt32(b)) * weight;
            vectors[(i * 4) + 2] += Vector.ConvertToSingle(Vector.AsVectorInt32(c)) * weight;
            vectors[(i * 4) + 3] += Vector.ConvertToSingle(Vector.AsVectorInt32(d)) * weight;
        }

        for (var i = wide.Length * bytesAtOnce; i < pixels.Length; i++)
        {
            sum[i] += pixels[i] * weight;
        }
    }

    // Reads each pixel as four floats: the row has room for one more float after its last pixel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns(ReadOnlySpan<float> row, Taps across, Span<float> red, Span<float> green, Span<float> blue)
    {
        ref var start = ref MemoryMarshal.GetReference(row);
        for (var x = 0; x < red.Length; x++)
        {
            var weights = across.WeightsOf(x, out var first);
            ref var pixel = ref Unsafe.Add(ref start, first * Picture.Bands);
            var sum = Vector128<float>.Zero;
            for (var i = 0; i < weights.Length; i++)
            {
                sum += Vector128.LoadUnsafe(ref Unsafe.Add(ref pixel, i * Picture.Bands)) * weights[i];
            }

            (red[x], green[x], blue[x]) = (sum[0], sum[1], sum[2]);
        }
    }

    /// <summary>For each pixel of a resized line, the contributing pixels of the crop and their weights.</summary>
    private readonly struct Taps : IDisposable
    {
        private readonly int[] _first;
        private readonly int[] _count;
        private readonly float[] _weights;
        private readonly int _stride;

        private Taps(int length, int stride)
        {
            _stride = stride;
            _first = Buffers.Integers.Rent(length);
            _count = Buffers.Integers.Rent(length);
            _weights = Buffers.Floats.Rent(length * stride);
        }

        /// <param name="size">Pixels of the crop.</param>
        /// <param name="before">Black pixels before the crop.</param>
        /// <param name="padded">Pixels of the padded crop.</param>
        /// <param name="length">Pixels after resizing.</param>
        /// <param name="kind">The filter.</param>
        public static Taps Create(int size, int before, int padded, int length, ResamplingKind kind)
        {
            var step = (double)padded / length;
            var support = kind == ResamplingKind.Smooth ? Math.Max(1, step) : 1;
            var taps = new Taps(length, (int)Math.Ceiling(support * 2) + 1);
            for (var i = 0; i < length; i++)
            {
                if (kind == ResamplingKind.Smooth)
                {
                    taps.SetSmooth(i, ((i + 0.5) * step) - 0.5, support, size, before, padded);
                }
                else
                {
                    taps.SetFaceApi(i, (float)i * ((float)padded / length), size, before, padded);
                }
            }

            return taps;
        }

        public ReadOnlySpan<float> WeightsOf(int index, out int first)
        {
            first = _first[index];
            return _weights.AsSpan(index * _stride, _count[index]);
        }

        public void Dispose()
        {
            Buffers.Integers.Return(_first);
            Buffers.Integers.Return(_count);
            Buffers.Floats.Return(_weights);
        }

        private void SetSmooth(int index, double centre, double support, int size, int before, int padded)
        {
            var from = Math.Max(0, (int)Math.Ceiling(centre - support));
            var to = Math.Min(padded - 1, (int)Math.Floor(centre + support));
            var total = 0.0;
            for (var i = from; i <= to; i++)
            {
                total += 1 - (Math.Abs(i - centre) / support);
            }

            // Black pixels get no tap, but their weights count in the total.
            var first = Math.Max(from, before);
            var last = Math.Min(to, before + size - 1);
            _count[index] = Math.Max(0, last - first + 1);
            _first[index] = _count[index] > 0 ? first - before : 0;
            for (var i = first; i <= last; i++)
            {
                _weights[(index * _stride) + i - first] = (float)((1 - (Math.Abs(i - centre) / support)) / total);
            }
        }

        private void SetFaceApi(int index, float position, int size, int before, int padded)
        {
            var low = (int)MathF.Floor(position);
            var high = Math.Min(low + 1, padded - 1);
            var share = position - low;
            var (first, count) = (0, 0);
            foreach (var (pixel, weight) in (ReadOnlySpan<(int, float)>)[(low, 1 - share), (high, share)])
            {
                if (pixel >= before && pixel < before + size && (pixel != low || count == 0))
                {
                    first = count == 0 ? pixel - before : first;
                    _weights[(index * _stride) + count++] = weight;
                }
            }

            // At the last pixel both taps coincide.
            if (low == high && count == 1)
            {
                _weights[index * _stride] = 1;
            }

            _first[index] = first;
            _count[index] = count;
        }
    }
}
