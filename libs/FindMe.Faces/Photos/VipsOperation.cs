using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FindMe.Faces;

/// <summary>One libvips operation: set its arguments, run it, take its result.</summary>
internal sealed unsafe class VipsOperation : IDisposable
{
    private readonly string _name;
    private readonly nint _operation;

    public VipsOperation(string name)
    {
        _name = name;
        _operation = Vips.NewOperation(name);
        if (_operation == 0)
        {
            throw new NotSupportedException($"libvips has no operation {name}.");
        }
    }

    /// <summary>Sets a number, a flag, or an enumeration's value by its short name.</summary>
    public VipsOperation Set(string argument, string value)
    {
        if (Vips.SetArgument(_operation, argument, value) != 0)
        {
            Vips.ClearErrors();
            throw new NotSupportedException($"libvips' {_name} does not take {argument}={value}.");
        }

        return this;
    }

    public VipsOperation Set(string argument, int value) => Set(argument, value.ToString(CultureInfo.InvariantCulture));

    public VipsOperation Set(string argument, VipsImage image)
    {
        var value = default(Vips.Value);
        Vips.InitValue(ref value, Vips.ImageType);
        Vips.SetObject(ref value, image.Handle);
        Vips.SetProperty(_operation, argument, ref value);
        Vips.UnsetValue(ref value);
        return this;
    }

    /// <summary>Sets a buffer to read from; it must stay pinned as long as the resulting image lives.</summary>
    public VipsOperation Set(string argument, ReadOnlySpan<byte> pinned)
    {
        fixed (byte* data = pinned)
        {
            var blob = Vips.NewBlob(free: 0, data, (nuint)pinned.Length);
            var value = default(Vips.Value);
            Vips.InitValue(ref value, Vips.BlobType);
            Vips.SetBoxed(ref value, blob);
            Vips.SetProperty(_operation, argument, ref value);
            Vips.UnsetValue(ref value);
            Vips.UnrefArea(blob);
        }

        return this;
    }

    /// <summary>Runs the operation.</summary>
    /// <returns>Its image, or false where libvips refuses.</returns>
    public bool TryRun([NotNullWhen(true)] out VipsImage? image)
    {
        image = null;
        if (!TryBuild())
        {
            return false;
        }

        var value = default(Vips.Value);
        Vips.InitValue(ref value, Vips.ImageType);
        Vips.GetProperty(_operation, "out", ref value);
        image = new VipsImage(Vips.DupObject(ref value));
        Vips.UnsetValue(ref value);
        Vips.UnrefOutputs(_operation);
        return true;
    }

    /// <summary>Runs an operation that saves into memory.</summary>
    /// <returns>The bytes, or false where libvips refuses.</returns>
    public bool TrySave([NotNullWhen(true)] out byte[]? saved)
    {
        saved = null;
        if (!TryBuild())
        {
            return false;
        }

        var value = default(Vips.Value);
        Vips.InitValue(ref value, Vips.BlobType);
        Vips.GetProperty(_operation, "buffer", ref value);
        var data = Vips.GetBlob(Vips.GetBoxed(ref value), out var length);
        saved = new ReadOnlySpan<byte>(data, checked((int)length)).ToArray();
        Vips.UnsetValue(ref value);
        Vips.UnrefOutputs(_operation);
        return true;
    }

    public void Dispose() => Vips.Unref(_operation);

    private bool TryBuild()
    {
        if (Vips.Build(_operation) == 0)
        {
            return true;
        }

        // The buffer of messages is the process's, and grows until somebody clears it.
        Vips.ClearErrors();
        Vips.UnrefOutputs(_operation);
        return false;
    }
}

/// <summary>A reference to an image of libvips; pixels are computed when they are written out.</summary>
internal sealed unsafe class VipsImage(nint handle) : IDisposable
{
    public nint Handle { get; } = handle;

    /// <summary>An image of a copy of pixels.</summary>
    /// <param name="rgb"><c>[height, width, 3]</c>: red, green, blue.</param>
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    public static VipsImage FromRgb(ReadOnlySpan<byte> rgb, int width, int height)
    {
        fixed (byte* data = rgb)
        {
            var image = Vips.NewImage(data, (nuint)rgb.Length, width, height, Picture.Bands, Vips.ByteFormat);
            return image != 0 ? new VipsImage(image) : throw new NotSupportedException($"libvips has no room for {width} × {height} pixels.");
        }
    }

    public int Width => Vips.GetWidth(Handle);

    public int Height => Vips.GetHeight(Handle);

    public int Bands => Vips.GetBands(Handle);

    public bool HasAlpha => Vips.HasAlpha(Handle) != 0;

    /// <summary>Bytes of all its pixels as libvips holds them.</summary>
    public long ByteSize => (long)Width * Height * Bands * Vips.GetBandSize(Handle);

    /// <summary>Whether EXIF says that width and height change places when it is turned upright.</summary>
    public bool SwapsSides => Vips.SwapsSides(Handle) != 0;

    /// <summary>Computes the pixels, row by row, bands side by side.</summary>
    /// <param name="pixels">Gets <c>[height, width, bands]</c>; of the image's size exactly.</param>
    /// <returns>False where the source is damaged.</returns>
    public bool TryWrite(Span<byte> pixels)
    {
        var memory = Vips.WriteToMemory(Handle, out var length);
        if (memory is null)
        {
            Vips.ClearErrors();
            return false;
        }

        try
        {
            new ReadOnlySpan<byte>(memory, checked((int)length)).CopyTo(pixels);
            return (int)length == pixels.Length;
        }
        finally
        {
            Vips.Free(memory);
        }
    }

    public void Dispose() => Vips.Unref(Handle);
}
