using System.Text.Json;
using FindMe.Faces;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Recognition.Tests;

public sealed class PeopleTests(PeopleFixture fixture)
{
    [Fact]
    public void Trained_people_are_named_and_strangers_are_unknown()
    {
        var people = fixture.Trained.Model;
        var strangers = fixture.Engine.Analyze(DemoPhotos.Read("sample5.jpg"), TestContext.Current.CancellationToken).Faces;

        Assert.Equal(PeopleFixture.People, fixture.KnownFaces.Select(face => people.Name(face.Embedding).Name));
        Assert.NotEmpty(strangers);
        Assert.All(strangers, face => Assert.Equal("unknown", people.Name(face.Embedding).Name));
    }

    [Fact]
    public void Unusable_photos_are_skipped_with_a_reason_and_copies_stay_in_one_group()
    {
        var trained = fixture.Trained;

        Assert.Equal([Path.Combine("Ada", "torn.jpg"), Path.Combine("Bob", "whose.jpg"), Path.Combine("Cy", "2.jpg")], trained.Skipped.Select(photo => photo.Photo).Order(StringComparer.Ordinal));
        Assert.Contains(trained.Skipped, photo => photo.Problem.Contains("the same photo is in Cy too", StringComparison.Ordinal));
        var faces = trained.Folder.Faces;
        Assert.Equal(
            faces.Single(face => face.Photo == Path.Combine("Bob", "1.jpg")).Group,
            faces.Single(face => face.Photo == Path.Combine("Bob", "copy of 1.jpg")).Group);
        Assert.Empty(trained.Holdout.Select(index => faces[index].Group).Intersect(
            Enumerable.Range(0, faces.Count).Except(trained.Holdout).Select(index => faces[index].Group)));
    }

    [Fact]
    public void The_same_folder_and_seed_give_the_same_file_which_loads_unchanged()
    {
        var (first, second) = (Path.Combine(fixture.Scratch, "first.findme"), Path.Combine(fixture.Scratch, "second.findme"));
        fixture.Trained.Model.Save(first);
        fixture.Train().Model.Save(second);

        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var read = PeopleModel.Load(first);
        Assert.Equal(
            fixture.KnownFaces.Select(face => fixture.Trained.Model.Name(face.Embedding)),
            fixture.KnownFaces.Select(face => read.Name(face.Embedding)));
        Assert.Equal(fixture.Engine.Recipe, read.Recipe);
        Assert.NotNull(read.Card.Measured);
    }

    [Theory]
    [InlineData(false, 0.002f)]
    [InlineData(true, 0.1f)]
    public void The_exported_model_agrees_with_the_people_file(bool eightBit, float tolerance)
    {
        var people = fixture.Trained.Model;
        var onnx = PeopleExport.ToOnnx(people, fixture.Engine, eightBit);
        using var session = new InferenceSession(onnx);

        Assert.InRange(onnx.Length, 1_000_000, eightBit ? 3_000_000 : 11_000_000);
        Assert.Equal([.. PeopleFixture.People, "unknown"], JsonSerializer.Deserialize<string[]>(session.ModelMetadata.CustomMetadataMap["people"])!);
        foreach (var (face, index) in fixture.KnownFaces.Select((face, index) => (face, index)))
        {
            var probabilities = ExportedPeople.Run(session, fixture.Engine, DemoPhotos.Read(PeopleFixture.KnownPhoto), face, TestContext.Current.CancellationToken);
            Assert.Equal(1, probabilities.Sum(), 1e-4f);
            Assert.Equal(people.Name(face.Embedding).Probability, probabilities[index], tolerance);
        }
    }

    [Fact]
    public void A_persons_photos_among_the_strangers_tighten_only_that_persons_threshold()
    {
        var random = new Random(5);
        var people = Enumerable.Range(0, 4).Select(person => Enumerable.Range(0, 6).Select(_ => Face(person)).ToArray()).ToArray();
        var centroids = Array.ConvertAll(people, faces => Rejection.Centroid(faces, EmbeddingMetric.Cosine, without: null));
        var strangers = Enumerable.Range(0, 300).Select(_ => Face(4 + random.Next(100))).ToList();

        var right = Midpoints(strangers);
        var wrong = Midpoints([.. strangers, .. Enumerable.Range(0, 12).Select(_ => Face(0))]);

        Assert.InRange(right[0], 0.3f, 1.2f);
        Assert.InRange(wrong[0], 0, right[0] - 0.2f);
        Assert.All(Enumerable.Range(1, 3), person => Assert.InRange(wrong[person], right[person] - 0.1f, right[person] + 0.1f));

        float[] Midpoints(IReadOnlyCollection<FaceEmbedding> others) =>
            Rejection.Learn(
                [.. people.SelectMany((faces, label) => faces.Select(face => (label, face))), .. others.Select(face => (people.Length, face))],
                centroids,
                fixture.Engine.RecognitionRecipe,
                strangersPercent: 1).Midpoints;

        FaceEmbedding Face(int whose) => FaceEmbedding.FromModelOutput(
            Enumerable.Range(0, 104).Select(i => (i == whose ? 1 : 0) + ((random.NextSingle() - 0.5f) * 0.1f)).ToArray());
    }

    [Fact]
    public void The_error_for_an_unusable_folder_says_what_is_wrong()
    {
        var empty = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "empty")).FullName;
        var bad = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "bad", "Dan")).Parent!.FullName;
        File.WriteAllText(Path.Combine(bad, "Dan", "a.jpg"), "not a photo");
        var without = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "without", "Eve")).Parent!.FullName;

        Assert.StartsWith("There is no folder", TrainError("nowhere"), StringComparison.Ordinal);
        Assert.Contains("holds no people", TrainError(empty), StringComparison.Ordinal);
        Assert.StartsWith($"The folder Dan has no usable photo: {Path.Combine("Dan", "a.jpg")}: ", TrainError(bad), StringComparison.Ordinal);
        Assert.StartsWith("The folder Eve has no usable photo: no file has a photo's extension", TrainError(without), StringComparison.Ordinal);

        string TrainError(string folder) => Assert.Throws<PeopleException>(
            () => PeopleTraining.Train(fixture.Engine, folder, new PeopleOptions(), cancellationToken: TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public void The_head_learns_classes_of_unequal_size()
    {
        var random = new Random(3);
        var (samples, labels) = (new List<ReadOnlyMemory<float>>(), new List<int>());
        foreach (var (label, count) in ((int, int)[])[(0, 200), (1, 3), (2, 20)])
        {
            for (var i = 0; i < count; i++)
            {
                samples.Add(Enumerable.Range(0, 40).Select(index => (index == label ? 1 : 0) + ((random.NextSingle() - 0.5f) * 0.2f)).ToArray());
                labels.Add(label);
            }
        }

        var head = SoftmaxHead.Train(samples, labels, 3, TestContext.Current.CancellationToken);

        Assert.All(samples.Zip(labels), pair =>
        {
            var probabilities = head.Predict(pair.First.Span);
            Assert.Equal(1, probabilities.Sum(), 1e-5f);
            Assert.True(probabilities[pair.Second] > 0.9f);
        });
    }
}
