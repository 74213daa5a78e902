using System.Buffers.Binary;
using System.Text.Json;

namespace FindMe.ModelBuilder;

/// <summary>The weights of a tfjs model by name. A JSON manifest describes the layout of the binary file.</summary>
internal sealed class Weights
{
    private readonly Dictionary<string, Weight> _weights = new(StringComparer.Ordinal);

    private Weights()
    {
    }

    public Weight this[string name] =>
        _weights.TryGetValue(name, out var weight) ? weight : throw new BuildException($"the weights have no entry {name}");

    /// <summary>Reads all entries.</summary>
    /// <param name="manifest">An array of one group: <c>{"weights": [{name, shape, dtype, quantization?}]}</c>.</param>
    /// <param name="data">The entries' values in order, unpadded, little-endian.</param>
    /// <exception cref="BuildException">The data's length does not match the manifest.</exception>
    public static Weights Read(byte[] manifest, byte[] data)
    {
        using var json = JsonDocument.Parse(manifest);
        return Read(json.RootElement, data);
    }

    /// <inheritdoc cref="Read(byte[], byte[])" />
    public static Weights Read(JsonElement manifest, byte[] data)
    {
        var weights = new Weights();
        var offset = 0;
        foreach (var entry in manifest.EnumerateArray().Single().GetProperty("weights").EnumerateArray())
        {
            var shape = entry.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt32()).ToArray();
            var count = shape.Aggregate(1, (product, dimension) => product * dimension);
            var quantized = entry.TryGetProperty("quantization", out var quantization);
            var size = count * (quantized ? 1 : sizeof(float));
            if (offset + size > data.Length)
            {
                throw new BuildException($"the weights end before {entry.GetProperty("name")}");
            }

            var bytes = data.AsMemory(offset, size);
            offset += size;
            weights._weights.Add(
                entry.GetProperty("name").GetString()!,
                quantized
                    ? Weight.Quantized(shape, bytes, quantization.GetProperty("scale").GetDouble(), quantization.GetProperty("min").GetDouble())
                    : Weight.Plain(shape, bytes));
        }

        return offset == data.Length
            ? weights
            : throw new BuildException($"the manifest describes {offset} bytes of weights, but the file has {data.Length}");
    }
}

/// <summary>One entry of the weights: values in TensorFlow's order (HWIO for a convolution).</summary>
/// <param name="Shape">Its dimensions; empty for a scalar.</param>
/// <param name="Values">The values as floats.</param>
/// <param name="Stored">The quantized bytes, when the file stores 8 bits per value; otherwise empty.</param>
/// <param name="Scale">The value of one step of a stored byte.</param>
/// <param name="ZeroPoint">The stored byte that means 0 (rounded; exact for every convolution here).</param>
internal sealed record Weight(int[] Shape, float[] Values, ReadOnlyMemory<byte> Stored, double Scale, int ZeroPoint)
{
    public static Weight Plain(int[] shape, ReadOnlyMemory<byte> bytes)
    {
        var values = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.Span[(i * sizeof(float))..]);
        }

        return new Weight(shape, values, default, 0, 0);
    }

    /// <summary>Dequantizes: value = byte × scale + minimum, in double precision as in tfjs.</summary>
    public static Weight Quantized(int[] shape, ReadOnlyMemory<byte> bytes, double scale, double minimum)
    {
        var values = new float[bytes.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)((bytes.Span[i] * scale) + minimum);
        }

        return new Weight(shape, values, bytes, scale, (int)Math.Round(-minimum / scale));
    }

    /// <summary>Returns a convolution filter in ONNX's order: HWIO → OIHW.</summary>
    public T[] AsConvolution<T>(ReadOnlySpan<T> values)
    {
        var (height, width, inputs, outputs) = (Shape[0], Shape[1], Shape[2], Shape[3]);
        var result = new T[values.Length];
        var from = 0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                for (var i = 0; i < inputs; i++)
                {
                    for (var o = 0; o < outputs; o++)
                    {
                        result[(((((o * inputs) + i) * height) + y) * width) + x] = values[from++];
                    }
                }
            }
        }

        return result;
    }

    /// <summary>Returns a depthwise filter in ONNX's order: HWC1 → C1HW.</summary>
    public float[] AsDepthwise()
    {
        var (area, channels) = (Shape[0] * Shape[1], Shape[2]);
        var result = new float[Values.Length];
        for (var position = 0; position < area; position++)
        {
            for (var channel = 0; channel < channels; channel++)
            {
                result[(channel * area) + position] = Values[(position * channels) + channel];
            }
        }

        return result;
    }
}
