using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

/// <summary>Crops a picture, pads it with black, and resizes it to the input of a model.</summary>
internal static class Resampling
{
    /// <summary>Bytes per pixel of <see cref="ResampleToBytes"/>: red, red, green, green, blue, blue, 0, 0.</summary>
    public const int BytesPerPixel = 8;

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
        using var row = new Row(crop.Width);
        var planeSize = planeWidth * planeHeight;
        for (var y = 0; y < height; y++)
        {
            SumRows(picture, crop, down, y, row.Values);
            var target = y * planeWidth;
            SumColumns(
                row.PaddedValues,
                across,
                planes.Slice(target, width),
                planes.Slice(planeSize + target, width),
                planes.Slice((2 * planeSize) + target, width));
        }
    }

    /// <summary>Resizes a crop into the upper left part of an array of bytes, rounded; the rest becomes black.</summary>
    /// <param name="picture">The source.</param>
    /// <param name="crop">The part of the source to use.</param>
    /// <param name="width">Width to which the crop is resized.</param>
    /// <param name="height">Height to which the crop is resized.</param>
    /// <param name="bytes"><c>[rows, rowPixels, <see cref="BytesPerPixel"/>]</c>.</param>
    /// <param name="rowPixels">Pixels of a row, at least <paramref name="width"/>.</param>
    public static void ResampleToBytes(Picture picture, PixelRectangle crop, int width, int height, Span<byte> bytes, int rowPixels)
    {
        using var across = Taps.Create(crop.Width, 0, crop.Width, width, ResamplingKind.Smooth);
        using var down = Taps.Create(crop.Height, 0, crop.Height, height, ResamplingKind.Smooth);
        using var row = new Row(crop.Width);
        for (var y = 0; y < height; y++)
        {
            SumRows(picture, crop, down, y, row.Values);
            var target = bytes.Slice(y * rowPixels * BytesPerPixel, rowPixels * BytesPerPixel);
            SumColumns(row.PaddedValues, across, target[..(width * BytesPerPixel)]);
            target[(width * BytesPerPixel)..].Clear();
        }

        bytes[(height * rowPixels * BytesPerPixel)..].Clear();
    }

    // These methods run for every pixel: optimize at once, since tiered compilation would come too late for the first photo. All add the
    // products in the same order, whatever the processor, so that it does not decide how sums are rounded.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows(Picture picture, PixelRectangle crop, Taps down, int y, Span<float> sums)
    {
        var weights = down.Weights.Slice(y * down.Count, down.Count);
        var stride = picture.Width * Picture.Bands;
        ref var start = ref MemoryMarshal.GetReference(
            picture.Pixels.Slice(((crop.Y + down.First[y]) * stride) + (crop.X * Picture.Bands), ((weights.Length - 1) * stride) + sums.Length));
        ref var sum = ref MemoryMarshal.GetReference(sums);
        var i = 0;
        for (; i <= sums.Length - (4 * Vector256<float>.Count); i += 4 * Vector256<float>.Count)
        {
            var (a, b, c, d) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            ref var pixel = ref Unsafe.Add(ref start, i);
            foreach (var weight in weights)
            {
                a += Widen(ref pixel) * weight;
                b += Widen(ref Unsafe.Add(ref pixel, Vector256<float>.Count)) * weight;
                c += Widen(ref Unsafe.Add(ref pixel, 2 * Vector256<float>.Count)) * weight;
                d += Widen(ref Unsafe.Add(ref pixel, 3 * Vector256<float>.Count)) * weight;
                pixel = ref Unsafe.Add(ref pixel, stride);
            }

            ref var target = ref Unsafe.Add(ref sum, i);
            a.StoreUnsafe(ref target);
            b.StoreUnsafe(ref Unsafe.Add(ref target, Vector256<float>.Count));
            c.StoreUnsafe(ref Unsafe.Add(ref target, 2 * Vector256<float>.Count));
            d.StoreUnsafe(ref Unsafe.Add(ref target, 3 * Vector256<float>.Count));
        }

        for (; i < sums.Length; i++)
        {
            var total = 0f;
            for (var tap = 0; tap < weights.Length; tap++)
            {
                total += Unsafe.Add(ref start, (tap * stride) + i) * weights[tap];
            }

            sums[i] = total;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(ref byte pixel)
    {
        var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref pixel)).AsByte();
        var integers = Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(bytes)
            : Vector256.WidenLower(Vector128.WidenLower(bytes).ToVector256Unsafe()).AsInt32();
        return Vector256.ConvertToSingle(integers);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns(ReadOnlySpan<float> row, Taps across, Span<float> red, Span<float> green, Span<float> blue)
    {
        ref var start = ref MemoryMarshal.GetReference(row);
        ref var weight = ref MemoryMarshal.GetReference(across.Weights);
        var first = across.First;
        var count = across.Count;
        for (var x = 0; x < red.Length; x++)
        {
            var sum = SumPixel(ref Unsafe.Add(ref start, first[x] * Picture.Bands), ref weight, count);
            weight = ref Unsafe.Add(ref weight, count);
            (red[x], green[x], blue[x]) = (sum[0], sum[1], sum[2]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns(ReadOnlySpan<float> row, Taps across, Span<byte> bytes)
    {
        ref var start = ref MemoryMarshal.GetReference(row);
        ref var weight = ref MemoryMarshal.GetReference(across.Weights);
        var first = across.First;
        var count = across.Count;
        var pixels = MemoryMarshal.Cast<byte, ulong>(bytes);
        for (var x = 0; x < pixels.Length; x++)
        {
            // Added to 2²³, a float has its whole part in its lowest bits, rounded to the nearest even number as ONNX Runtime does.
            var rounded = (SumPixel(ref Unsafe.Add(ref start, first[x] * Picture.Bands), ref weight, count) + Vector128.Create(8_388_608f)).AsByte();
            weight = ref Unsafe.Add(ref weight, count);
            pixels[x] = Vector128.Shuffle(rounded, Vector128.Create((byte)0, 0, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16)).AsUInt64().ToScalar();
        }
    }

    // Reads each pixel as four floats.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> SumPixel(ref float pixel, ref float weight, int count)
    {
        var sum = Vector128.LoadUnsafe(ref pixel) * weight;
        if (count == 3)
        {
            // The finest pass of the detector.
            return sum
                + (Vector128.LoadUnsafe(ref Unsafe.Add(ref pixel, Picture.Bands)) * Unsafe.Add(ref weight, 1))
                + (Vector128.LoadUnsafe(ref Unsafe.Add(ref pixel, 2 * Picture.Bands)) * Unsafe.Add(ref weight, 2));
        }

        for (var i = 1; i < count; i++)
        {
            sum += Vector128.LoadUnsafe(ref Unsafe.Add(ref pixel, i * Picture.Bands)) * Unsafe.Add(ref weight, i);
        }

        return sum;
    }

    /// <summary>A row of floats.</summary>
    private readonly struct Row(int width) : IDisposable
    {
        private readonly float[] _values = Buffers.Floats.Rent((width * Picture.Bands) + 1);

        public Span<float> Values => _values.AsSpan(0, width * Picture.Bands);

        /// <summary>With room for one more float, since each pixel is read as four.</summary>
        public ReadOnlySpan<float> PaddedValues => _values.AsSpan(0, (width * Picture.Bands) + 1);

        public void Dispose() => Buffers.Floats.Return(_values);
    }

    /// <summary>For each pixel of a resized line, the contributing pixels of the crop and their weights: equally many, some of them 0.</summary>
    private struct Taps : IDisposable
    {
        private readonly int[] _first;
        private readonly float[] _weights;
        private readonly int _length;
        private readonly int _stride;

        private Taps(int length, int stride)
        {
            (_length, _stride) = (length, stride);
            _first = Buffers.Integers.Rent(length);
            _weights = Buffers.Floats.Rent(length * stride);
            Array.Clear(_weights, 0, length * stride);
        }

        /// <summary>Number of contributing pixels.</summary>
        public int Count { get; private set; }

        /// <summary>The first contributing pixel of each.</summary>
        public readonly ReadOnlySpan<int> First => _first.AsSpan(0, _length);

        /// <summary><c>[length, <see cref="Count"/>]</c>.</summary>
        public readonly ReadOnlySpan<float> Weights => _weights.AsSpan(0, _length * Count);

        /// <param name="size">Pixels of the crop.</param>
        /// <param name="before">Black pixels before the crop.</param>
        /// <param name="padded">Pixels of the padded crop.</param>
        /// <param name="length">Pixels after resizing.</param>
        /// <param name="kind">The filter.</param>
        public static Taps Create(int size, int before, int padded, int length, ResamplingKind kind)
        {
            var step = (double)padded / length;
            var support = kind == ResamplingKind.Smooth ? Math.Max(1, step) : 1;
            var taps = new Taps(length, (int)Math.Ceiling(support * 2) + 1) { Count = 1 };
            for (var i = 0; i < length; i++)
            {
                var count = kind == ResamplingKind.Smooth
                    ? taps.SetSmooth(i, ((i + 0.5) * step) - 0.5, support, size, before, padded)
                    : taps.SetFaceApi(i, (float)i * ((float)padded / length), size, before, padded);
                taps.Count = Math.Max(taps.Count, count);
            }

            taps.Pack(size);
            return taps;
        }

        public readonly void Dispose()
        {
            Buffers.Integers.Return(_first);
            Buffers.Floats.Return(_weights);
        }

        // Removes the space for unused taps, and moves those that would reach beyond the crop's end back, to pixels with weight 0.
        private readonly void Pack(int size)
        {
            for (var i = 0; i < _length; i++)
            {
                var weights = _weights.AsSpan(i * Count, Count);
                _weights.AsSpan(i * _stride, Count).CopyTo(weights);
                var over = _first[i] + Count - size;
                if (over > 0)
                {
                    weights[..^over].CopyTo(weights[over..]);
                    weights[..over].Clear();
                    _first[i] -= over;
                }
            }
        }

        private readonly int SetSmooth(int index, double centre, double support, int size, int before, int padded)
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
            var count = Math.Max(0, last - first + 1);
            _first[index] = count > 0 ? first - before : 0;
            for (var i = first; i <= last; i++)
            {
                _weights[(index * _stride) + i - first] = (float)((1 - (Math.Abs(i - centre) / support)) / total);
            }

            return count;
        }

        private readonly int SetFaceApi(int index, float position, int size, int before, int padded)
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
            return count;
        }
    }
}
