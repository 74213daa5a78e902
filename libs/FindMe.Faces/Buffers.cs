using System.Buffers;

namespace FindMe.Faces;

/// <summary>Array pools shared by all photos. They keep a few arrays per size and processor, not one per thread.</summary>
internal static class Buffers
{
    // The largest arrays the engine rents: pixels of a 2,000 × 2,000 picture, and input planes of the detector's coarser passes. Larger ones are
    // not pooled.
    private const int LargestPicture = 1 << 24;
    private const int LargestPlanes = 1 << 20;

    // A picture, and a strip of it as the detector reads it.
    public static ArrayPool<byte> Bytes { get; } = ArrayPool<byte>.Create(LargestPicture, 2 * Environment.ProcessorCount);

    public static ArrayPool<float> Floats { get; } = ArrayPool<float>.Create(LargestPlanes, Environment.ProcessorCount);

    public static ArrayPool<int> Integers { get; } = ArrayPool<int>.Create(1 << 12, 4 * Environment.ProcessorCount);
}
