using System.Buffers;

namespace FindMe.Faces;

/// <summary>Buffers that go from photo to photo: as many of a size as photos are worked on at once, not one a thread.</summary>
internal static class Buffers
{
    // The largest that are asked for: a picture of 2,000 × 2,000 pixels, and planes for the detector. Others are not kept.
    private const int LargestPicture = 1 << 24;
    private const int LargestPlanes = 1 << 22;

    public static ArrayPool<byte> Bytes { get; } = ArrayPool<byte>.Create(LargestPicture, Environment.ProcessorCount);

    public static ArrayPool<float> Floats { get; } = ArrayPool<float>.Create(LargestPlanes, Environment.ProcessorCount);

    public static ArrayPool<int> Integers { get; } = ArrayPool<int>.Create(1 << 12, 4 * Environment.ProcessorCount);
}
