namespace FindMe.Faces.Tests;

public sealed class FaceEmbeddingTests
{
    private const int Length = 512;

    [Fact]
    public void An_embedding_has_unit_length_and_distance_zero_from_itself()
    {
        var embedding = Random(seed: 1);

        Assert.Equal(1, embedding.Values.ToArray().Sum(value => value * value), 1e-5f);
        Assert.Equal(0, embedding.DistanceTo(embedding));
    }

    [Fact]
    public void Distance_is_symmetric_and_at_most_two()
    {
        var (a, b) = (Random(seed: 1), Random(seed: 2));
        var opposite = FaceEmbedding.FromModelOutput(Array.ConvertAll(a.Values.ToArray(), value => -value));

        Assert.Equal(a.DistanceTo(b), b.DistanceTo(a));
        Assert.InRange(a.DistanceTo(opposite), 1.9999f, 2.0001f);
    }

    [Fact]
    public void Distance_is_euclidean_so_its_square_determines_the_cosine()
    {
        var (a, b) = (Random(seed: 3), Random(seed: 4));
        var cosine = a.Values.ToArray().Zip(b.Values.ToArray(), (x, y) => x * y).Sum();

        Assert.Equal(cosine, 1 - (a.DistanceTo(b) * a.DistanceTo(b) / 2), 1e-5f);
    }

    [Fact]
    public void An_embedding_survives_the_conversion_to_bytes_and_back()
    {
        var embedding = Random(seed: 5);

        var bytes = embedding.ToBytes();

        Assert.Equal(4 * Length, bytes.Length);
        Assert.Equal(embedding.Values.ToArray(), FaceEmbedding.FromBytes(bytes).Values.ToArray());
    }

    [Fact]
    public void Bytes_of_a_wrong_size_or_all_zero_are_rejected()
    {
        var bytes = Random(seed: 6).ToBytes();

        Assert.Throws<ArgumentException>(() => FaceEmbedding.FromBytes(bytes.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => FaceEmbedding.FromBytes(bytes.AsSpan(0, 64)));
        bytes.AsSpan().Clear();
        Assert.Throws<ArgumentException>(() => FaceEmbedding.FromBytes(bytes));
        bytes.AsSpan().Fill(0xff);
        Assert.Throws<ArgumentException>(() => FaceEmbedding.FromBytes(bytes));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_model_output_without_a_usable_norm_is_rejected(float value)
    {
        var output = new float[Length];
        output.AsSpan().Fill(value);

        Assert.Throws<ArgumentException>(() => FaceEmbedding.FromModelOutput(output));
    }

    [Fact]
    public void Embeddings_of_different_lengths_cannot_be_compared()
    {
        var (wide, narrow) = (Random(seed: 7), FaceEmbedding.FromModelOutput(Random(seed: 8).Values[..128]));

        Assert.Throws<ArgumentException>(() => wide.DistanceTo(narrow));
    }

    [Fact]
    public void The_euclidean_metric_keeps_the_norm_of_an_output() =>
        Assert.Equal(2, FaceEmbedding.FromModelOutput([.. new float[31], 2], EmbeddingMetric.Euclidean).Values[31]);

    internal static FaceEmbedding Random(int seed)
    {
        var random = new Random(seed);
        return FaceEmbedding.FromModelOutput(
            Enumerable.Range(0, Length).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray());
    }
}
