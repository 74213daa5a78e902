using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class FaceVectorTrainingTests(TestPeople people)
{
    [Fact]
    public void The_same_seed_gives_the_same_variations_and_another_one_others()
    {
        var photo = PhotoPixels.Decode(File.ReadAllBytes(people.Ada));
        var face = people.Engine.Analyze(photo, TestContext.Current.CancellationToken).Faces[0].Box;

        var first = FaceAugmentation.Of(photo, face, seed: 1).Select(picture => picture.Rgb).ToList();

        Assert.Equal(21, first.Count);
        Assert.Equal(first, FaceAugmentation.Of(photo, face, seed: 1).Select(picture => picture.Rgb));
        Assert.NotEqual(first, FaceAugmentation.Of(photo, face, seed: 2).Select(picture => picture.Rgb));
    }

    [Fact]
    public void Every_variation_stays_the_person()
    {
        var trained = FaceVectorTraining.Train(people.Engine, File.ReadAllBytes(people.Ada), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Null(trained.Reading.Problem);
        Assert.Equal(people.Engine.Recipe, trained.Vectors!.Recipe);
        Assert.Equal(22, trained.Vectors.Vectors.Count);
        Assert.All(trained.Vectors.Vectors, vector => Assert.InRange(vector.DistanceTo(trained.Vectors.Vectors[0]), 0, people.Engine.MatchDistance));
    }

    [Fact]
    public void A_photo_of_several_people_serves_only_when_somebody_says_who_is_meant()
    {
        var photo = File.ReadAllBytes(TestPeople.PhotoPath(1));

        var unsaid = FaceVectorTraining.Train(people.Engine, photo, cancellationToken: TestContext.Current.CancellationToken);
        var said = FaceVectorTraining.Train(people.Engine, photo, face: 0, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ReferenceProblem.SeveralFaces, unsaid.Reading.Problem);
        Assert.Null(unsaid.Vectors);
        Assert.NotNull(said.Vectors);
    }

    [Fact]
    public void With_a_background_the_nearer_cluster_decides()
    {
        var (ada, bob) = (Train(people.Ada), Train(people.Bob));
        var recognition = new FaceVectorRecognition(people.Engine, ada, bob);

        Assert.True(recognition.Recognize(Analyze(people.Ada)).Present);
        Assert.False(recognition.Recognize(Analyze(people.Bob)).Present);

        FaceVectors Train(string path) => FaceVectorTraining.Train(people.Engine, File.ReadAllBytes(path), cancellationToken: TestContext.Current.CancellationToken).Vectors!;
        AnalyzedPhoto Analyze(string path) => people.Engine.Analyze(File.ReadAllBytes(path), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("dlib-12345678/five-point-1-00000000", "dlib-12345678")]
    [InlineData(null, "do not say")]
    public void Vectors_of_another_or_an_unnamed_recipe_are_refused_by_name(string? recipe, string said)
    {
        var vectors = new FaceVectors(recipe, [FaceEmbedding.FromValues([1, .. new float[people.Engine.EmbeddingLength - 1]])]);

        var exception = Assert.Throws<FaceVectorsException>(() => new FaceVectorRecognition(people.Engine, vectors));

        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
    }
}
