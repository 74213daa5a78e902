namespace FindMe.Recognition.Tests;

public sealed class PeopleMeasurementTests
{
    // Of a few faces one more or less is chance, though it is more than a point.
    [Theory]
    [InlineData(4, 1, 2)]
    [InlineData(140, 1, 2)]
    [InlineData(200, 2, 3)]
    [InlineData(1_000, 10, 11)]
    public void A_smaller_model_may_lose_a_point_or_one_face_of_people_and_of_strangers(int faces, int mayLose, int mayNot)
    {
        var full = Measured(faces, rejected: 1, strangers: faces, named: 1);

        Assert.Null(full.LossOf(Measured(faces, rejected: 1 + mayLose, strangers: faces, named: 1 + mayLose)));
        Assert.Null(full.LossOf(Measured(faces, rejected: 0, strangers: faces, named: 0)));
        Assert.Equal(
            $"names {faces - 1 - mayNot} of {faces} people's faces rightly, the full one {faces - 1}",
            full.LossOf(Measured(faces, rejected: 1 + mayNot, strangers: faces, named: 1)));
        Assert.Equal(
            $"gives {1 + mayNot} of {faces} strangers' faces a name, the full one 1",
            full.LossOf(Measured(faces, rejected: 1, strangers: faces, named: 1 + mayNot)));
    }

    [Fact]
    public void The_matrix_as_csv_quotes_names_that_would_break_it()
    {
        var measured = new PeopleMeasurement(["Ada", "B. \"Bob\" B., jr.", "unknown"], [[3, 1, 0], [0, 2, 0], [0, 0, 7]], 1);

        Assert.Equal(
            "is \\ named,Ada,\"B. \"\"Bob\"\" B., jr.\",unknown\r\nAda,3,1,0\r\n\"B. \"\"Bob\"\" B., jr.\",0,2,0\r\nunknown,0,0,7\r\n",
            measured.ToCsv());
    }

    private static PeopleMeasurement Measured(int faces, int rejected, int strangers, int named) =>
        new(["Ada", "unknown"], [[faces - rejected, rejected], [named, strangers - named]], 1);
}
