"""Graph, Record or choice -> Chart: what a picture shows, at raw values. Nothing is formatted or drawn here."""
