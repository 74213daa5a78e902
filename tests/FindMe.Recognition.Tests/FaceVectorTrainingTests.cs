using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class FaceVectorTrainingTests(TestPeople people)
{
    [Fact]
    public void Variations_depend_on_the_seed_only()
    {
        var photo = PhotoPixels.Decode(File.ReadAllBytes(people.Ada));
        var face = people.Engine.Analyze(photo, TestContext.Current.CancellationToken).Faces[0].Box;

        var first = FaceAugmentation.Of(photo, face, quarterTurns: 0, seed: 1).Select(picture => picture.Rgb).ToList();

        Assert.Equal(21, first.Count);
        Assert.Equal(first, FaceAugmentation.Of(photo, face, quarterTurns: 0, seed: 1).Select(picture => picture.Rgb));
        Assert.NotEqual(first, FaceAugmentation.Of(photo, face, quarterTurns: 0, seed: 2).Select(picture => picture.Rgb));
    }

    [Fact]
    public void Every_variation_still_matches_the_person()
    {
        var trained = FaceVectorTraining.Train(people.Engine, File.ReadAllBytes(people.Ada), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Null(trained.Analysis.Problem);
        Assert.Equal(people.Engine.Recipe, trained.Vectors!.Recipe);
        Assert.Equal(22, trained.Vectors.Vectors.Count);
        Assert.All(trained.Vectors.Vectors, vector => Assert.InRange(vector.DistanceTo(trained.Vectors.Vectors[0]), 0, people.Engine.MatchDistance));
    }

    [Fact]
    public void A_photo_of_several_people_requires_choosing_a_face()
    {
        var photo = File.ReadAllBytes(TestPeople.PhotoPath(1));

        var withoutChoice = FaceVectorTraining.Train(people.Engine, photo, cancellationToken: TestContext.Current.CancellationToken);
        var expected = FaceVectorTraining.Train(people.Engine, photo, face: 0, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ReferenceProblem.SeveralFaces, withoutChoice.Analysis.Problem);
        Assert.Null(withoutChoice.Vectors);
        Assert.NotNull(expected.Vectors);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_photo_stored_on_its_side_gives_the_same_variations_as_the_upright_one(bool clockwise)
    {
        var upright = PhotoPixels.Decode(File.ReadAllBytes(people.Ada));

        var trained = FaceVectorTraining.Train(people.Engine, Turn(upright, clockwise).ToJpeg(95), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(clockwise ? 1 : 3, trained.Analysis.QuarterTurns);
        Assert.InRange(trained.Vectors!.Vectors.Count, 20, 22);
        var own = people.Engine.Analyze(upright, TestContext.Current.CancellationToken).Faces[0].Embedding;
        Assert.All(trained.Vectors.Vectors, vector => Assert.InRange(vector.DistanceTo(own), 0, 0.8f));
    }

    [Fact]
    public void With_a_background_the_nearer_cluster_wins_even_within_the_threshold()
    {
        var photo = people.Engine.Analyze(File.ReadAllBytes(people.Ada), TestContext.Current.CancellationToken);
        var (ada, bob) = (Train(people.Ada), Train(people.Bob));

        // A background that contains the same face as often as there are neighbours.
        var doubles = new FaceVectors(ada.Recipe, [.. Enumerable.Repeat(photo.Faces[0].Embedding, FaceVectorRecognition.Neighbours)]);

        Assert.True(new FaceVectorRecognition(people.Engine, ada).Recognize(photo).Present);
        Assert.True(new FaceVectorRecognition(people.Engine, ada, bob).Recognize(photo).Present);
        Assert.False(new FaceVectorRecognition(people.Engine, ada with { Vectors = [.. ada.Vectors.Skip(1)] }, doubles).Recognize(photo).Present);

        FaceVectors Train(string path) => FaceVectorTraining.Train(people.Engine, File.ReadAllBytes(path), cancellationToken: TestContext.Current.CancellationToken).Vectors!;
    }

    [Theory]
    [InlineData("dlib-12345678/five-point-1-00000000", "dlib-12345678")]
    [InlineData(null, "do not name the model")]
    public void The_error_for_vectors_of_another_or_no_recipe_says_so(string? recipe, string expected)
    {
        var vectors = new FaceVectors(recipe, [FaceEmbedding.FromValues([1, .. new float[people.Engine.EmbeddingLength - 1]])]);

        var exception = Assert.Throws<FaceVectorsException>(() => new FaceVectorRecognition(people.Engine, vectors));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static PhotoPixels Turn(PhotoPixels photo, bool clockwise)
    {
        var rgb = new byte[photo.Rgb.Length];
        for (var y = 0; y < photo.Height; y++)
        {
            for (var x = 0; x < photo.Width; x++)
            {
                var (column, row) = clockwise ? (photo.Height - 1 - y, x) : (y, photo.Width - 1 - x);
                photo.Rgb.AsSpan(((y * photo.Width) + x) * 3, 3).CopyTo(rgb.AsSpan(((row * photo.Height) + column) * 3));
            }
        }

        return new PhotoPixels(photo.Height, photo.Width, rgb);
    }
}
