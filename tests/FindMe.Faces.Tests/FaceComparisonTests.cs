namespace FindMe.Faces.Tests;

public sealed class FaceComparisonTests(EngineFixture fixture)
{
    [Theory]
    [InlineData(0.5f, MatchKind.Match)]
    [InlineData(1.074f, MatchKind.Match)]
    [InlineData(1.1f, MatchKind.Maybe)]
    [InlineData(1.15f, MatchKind.No)]
    public void The_distance_determines_the_verdict(float distance, MatchKind expected)
    {
        var person = FaceEmbeddingTests.Random(seed: 1);

        var verdict = fixture.Engine.Compare(PhotoOf(At(person, distance)), [person]);

        Assert.Equal(expected, verdict.Kind);
    }

    [Fact]
    public void The_verdict_contains_no_data_about_strangers()
    {
        var verdict = fixture.Engine.Compare(PhotoOf(FaceEmbeddingTests.Random(seed: 1)), [FaceEmbeddingTests.Random(seed: 2)]);

        Assert.Equal(new PhotoVerdict(MatchKind.No, null, null, null), verdict);
    }

    [Fact]
    public void The_nearest_pair_of_face_and_reference_determines_the_verdict()
    {
        var person = FaceEmbeddingTests.Random(seed: 1);
        var photo = PhotoOf(FaceEmbeddingTests.Random(seed: 2), At(person, 0.9f), At(person, 1.05f));

        var verdict = fixture.Engine.Compare(photo, [FaceEmbeddingTests.Random(seed: 3), person]);

        Assert.Equal(MatchKind.Match, verdict.Kind);
        Assert.Equal(0.9f, verdict.Distance!.Value, 1e-3f);
        Assert.Equal(photo.Faces[1].Box, verdict.Box);
    }

    [Fact]
    public void The_verdict_is_no_without_faces_or_without_references()
    {
        var person = FaceEmbeddingTests.Random(seed: 1);

        Assert.Equal(MatchKind.No, fixture.Engine.Compare(PhotoOf(), [person]).Kind);
        Assert.Equal(MatchKind.No, fixture.Engine.Compare(PhotoOf(person), []).Kind);
    }

    [Fact]
    public void Confidence_decreases_with_distance_so_a_maybe_has_less_than_a_match()
    {
        var recipe = RecognitionRecipe.Load(Path.Combine(EngineFixture.ModelsPath, "default.json"));
        var comparison = new FaceComparison(recipe.MatchDistance, recipe.MaybeDistance, recipe.Confidence);
        var distances = Enumerable.Range(0, 115).Select(i => i / 100f).ToArray();
        var confidences = Array.ConvertAll(distances, comparison.ConfidenceAt);

        Assert.All(confidences, confidence => Assert.InRange(confidence, 0f, 1f));
        Assert.All(confidences.Zip(confidences[1..]), pair => Assert.True(pair.First >= pair.Second));
        Assert.True(comparison.ConfidenceAt(1.099f) > comparison.ConfidenceAt(1.101f));
    }

    /// <summary>Returns an embedding at a given distance from another.</summary>
    private static FaceEmbedding At(FaceEmbedding origin, float distance)
    {
        var other = FaceEmbeddingTests.Random(seed: 99).Values.ToArray();
        var along = origin.Values.ToArray().Zip(other, (a, b) => a * b).Sum();
        var across = other.Zip(origin.Values.ToArray(), (b, a) => b - (along * a)).ToArray();
        var norm = MathF.Sqrt(across.Sum(value => value * value));
        var cosine = 1 - (distance * distance / 2);
        var sine = MathF.Sqrt(1 - (cosine * cosine));
        return FaceEmbedding.FromModelOutput(
            origin.Values.ToArray().Zip(across, (a, c) => (cosine * a) + (sine * c / norm)).ToArray());
    }

    private static readonly PhotoFingerprint Anything = PhotoFingerprint.TryParse(new string('0', 64))!;

    private static AnalyzedPhoto PhotoOf(params FaceEmbedding[] faces) => new(
        1000,
        1000,
        faces.Select((face, i) => new DetectedFace(new Box(100 * i, 0, 50, 50), 0.9f, new Landmarks(new System.Numerics.Vector2[68]), face)).ToList(),
        Anything);
}
