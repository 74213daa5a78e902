using System.Buffers;
using System.Runtime.InteropServices;

namespace FindMe.Api;

/// <summary>
/// The bytes of a picture of somebody's face. They lie outside the collector's heap, and are overwritten and freed when the request ends: twenty megabytes
/// of a managed array would stay until a collection.
/// </summary>
internal sealed class PictureMemory : MemoryManager<byte>
{
    private unsafe byte* _bytes;
    private int _capacity;

    private unsafe PictureMemory(int capacity)
    {
        _bytes = (byte*)NativeMemory.Alloc((nuint)capacity);
        _capacity = capacity;
    }

    /// <summary>The number of bytes of the picture.</summary>
    public int Length { get; private set; }

    /// <summary>The picture, until this is disposed.</summary>
    public ReadOnlyMemory<byte> Picture => Memory[..Length];

    /// <summary>Reads a picture to its end.</summary>
    /// <param name="body">Where it comes from.</param>
    /// <param name="expected">Its probable size in bytes.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: it has more bytes.</returns>
    public static async Task<PictureMemory?> ReadAsync(Stream body, int expected, int most, CancellationToken cancellationToken)
    {
        var memory = new PictureMemory(Math.Min(expected, most));
        try
        {
            while (true)
            {
                memory.Length += await body.ReadAtLeastAsync(memory.Memory[memory.Length..], memory._capacity - memory.Length, throwOnEndOfStream: false, cancellationToken);
                if (memory.Length < memory._capacity)
                {
                    return memory;
                }

                if (memory.Length == most)
                {
                    if (await body.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken) == 0)
                    {
                        return memory;
                    }

                    memory.Free();
                    return null;
                }

                memory.Grow((int)Math.Min(2L * memory._capacity, most));
            }
        }
        catch
        {
            memory.Free();
            throw;
        }
    }

    public override unsafe Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        return new Span<byte>(_bytes, _capacity);
    }

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        return new MemoryHandle(_bytes + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => Free();

    private unsafe void Grow(int capacity)
    {
        var larger = (byte*)NativeMemory.Alloc((nuint)capacity);
        GetSpan().CopyTo(new Span<byte>(larger, capacity));
        Free();
        _bytes = larger;
        _capacity = capacity;
    }

    private unsafe void Free()
    {
        if (_bytes is not null)
        {
            GetSpan().Clear();
            NativeMemory.Free(_bytes);
            _bytes = null;
        }
    }
}
