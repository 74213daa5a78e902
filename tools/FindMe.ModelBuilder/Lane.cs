namespace FindMe.ModelBuilder;

/// <summary>One input channel of an 8-bit convolution: a channel of the stored filter, one of several equal parts of it, or nothing.</summary>
/// <remarks>
/// <para>Without VNNI, an x86-64 processor adds the products of two neighbouring channels in 16 bits and saturates (VPMADDUBSW). Weights
/// whose sum lies within ±128 cannot saturate, since 255 · 128 is less than 2¹⁵. So the order of the channels decides whether all
/// processors compute the same sums.</para>
/// <para>ONNX Runtime is fastest if a weight of 0 is stored as 0. The range of the stored weights is not symmetric, so the largest weight
/// of a layer then exceeds 8 bits. Its channel is repeated, and the lanes share its weights.</para>
/// </remarks>
/// <param name="Channel">Index of the stored channel.</param>
/// <param name="Part">Index of the part.</param>
/// <param name="Parts">Number of lanes that share the channel's weights.</param>
internal readonly record struct Lane(int Channel, int Part = 0, int Parts = 1)
{
    /// <summary>A lane that is always 0.</summary>
    public static readonly Lane Empty = new(-1);

    private const int LargestSum = 128;

    public bool IsEmpty => Channel < 0;

    /// <summary>Returns the lane's share of a weight; the shares of all parts add up to it.</summary>
    public int ShareOf(int weight) =>
        IsEmpty ? 0 : (weight / Parts) + (Part < Math.Abs(weight % Parts) ? Math.Sign(weight) : 0);

    /// <summary>Arranges channels so that no weight exceeds 8 bits and no pair of neighbours saturates.</summary>
    /// <param name="channels">The channels.</param>
    /// <param name="weights">All weights of a channel, in the same order for each.</param>
    /// <param name="multiple">The result is filled up with empty lanes to a multiple of this even number.</param>
    public static Lane[] Arrange(IEnumerable<int> channels, Func<int, int[]> weights, int multiple)
    {
        var lanes = channels.SelectMany(channel => Split(channel, weights(channel))).ToList();
        FillUp(lanes, multiple);
        for (var pair = 0; pair < lanes.Count; pair += 2)
        {
            if (!Fits(pair) && !TrySwap(pair))
            {
                lanes.AddRange([lanes[pair + 1], Empty]);
                lanes[pair + 1] = Empty;
            }
        }

        FillUp(lanes, multiple);
        return [.. lanes];

        bool Fits(int pair)
        {
            var (first, second) = (lanes[pair], lanes[pair + 1]);
            return first.IsEmpty || second.IsEmpty || weights(first.Channel).Zip(weights(second.Channel)).All(
                both => Math.Abs(first.ShareOf(both.First) + second.ShareOf(both.Second)) <= LargestSum);
        }

        // Swaps the second lane of a pair with a lane of another pair, so that both pairs fit.
        bool TrySwap(int pair)
        {
            for (var other = 0; other < lanes.Count; other++)
            {
                if (other / 2 == pair / 2)
                {
                    continue;
                }

                (lanes[pair + 1], lanes[other]) = (lanes[other], lanes[pair + 1]);
                if (Fits(pair) && Fits(other / 2 * 2))
                {
                    return true;
                }

                (lanes[pair + 1], lanes[other]) = (lanes[other], lanes[pair + 1]);
            }

            return false;
        }
    }

    private static Lane[] Split(int channel, int[] weights) =>
        weights.All(weight => weight is >= sbyte.MinValue and <= sbyte.MaxValue) ? [new Lane(channel)] : [new Lane(channel, 0, 2), new Lane(channel, 1, 2)];

    private static void FillUp(List<Lane> lanes, int multiple)
    {
        while (lanes.Count % multiple != 0)
        {
            lanes.Add(Empty);
        }
    }
}
